#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "postgres_private.h"

void postgres_one_line(char *text, const char *message)
{
	size_t length = 0;
	snprintf(text, POSTGRES_ERROR_SIZE, "%s", message);
	for (; text[length]; length++)
		if (text[length] == '\n' || text[length] == '\t')
			text[length] = ' ';
	while (length > 0 && text[length - 1] == ' ')
		text[--length] = '\0';
}

/* What the URL says about a parameter of libpq's, or "". */
static const char *option(const PQconninfoOption *options, const char *name)
{
	for (; options->keyword; options++)
		if (strcmp(options->keyword, name) == 0)
			return options->val ? options->val : "";
	return "";
}

static bool is_port(const char *text)
{
	return strspn(text, "0123456789") == strlen(text) && strtoul(text, NULL, 10) <= 65535;
}

static const char *judge(const PQconninfoOption *options)
{
	const char *host = option(options, "host");
	if (*option(options, "password") || *option(options, "sslpassword"))
		return "a password does not belong into it: name a file with it in the setting beside it";
	if (*option(options, "hostaddr") || strchr(host, ','))
		return "it must name one host";
	if (!is_port(option(options, "port")))
		return "it has a bad port";
	if (*host != '/' && strlen(host) > RESOLVER_HOST_MAX)
		return "the host's name is too long";
	return NULL;
}

/* libpq's own words about a bad URL may repeat the password in it. */
bool postgres_url_judge(const char *url, char *error)
{
	PQconninfoOption *options = NULL;
	const char *fault = "it must be like postgresql://USER@HOST/DATABASE";
	if (strncmp(url, "postgresql://", 13) == 0 || strncmp(url, "postgres://", 11) == 0)
		options = PQconninfoParse(url, NULL);
	if (options)
		fault = judge(options);
	PQconninfoFree(options);
	if (fault)
		snprintf(error, POSTGRES_ERROR_SIZE, "the URL of the database is refused: %s", fault);
	return fault == NULL;
}

char *postgres_url_host(const char *url)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);
	CHECK(options != NULL);
	char *host = strdup(option(options, "host"));
	PQconninfoFree(options);
	CHECK(host != NULL);
	return host;
}
