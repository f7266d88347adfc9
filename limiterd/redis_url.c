#include "redis_url.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_MAX = 65535, DATABASE_MAX = 65535, DIGITS_MAX = 5 };

/* Copies text[length] into to[size]; false when it is empty or does not fit. */
static bool copy(char *to, size_t size, const char *text, size_t length)
{
	if (length == 0 || length >= size)
		return false;
	memcpy(to, text, length);
	to[length] = '\0';
	return true;
}

static bool read_number(const char *text, size_t length, unsigned long most, unsigned *number)
{
	if (length == 0 || length > DIGITS_MAX || strspn(text, "0123456789") < length)
		return false;
	unsigned long value = strtoul(text, NULL, 10);
	*number = (unsigned)value;
	return value <= most;
}

static const char *read_user(const char *text, size_t length, struct redis_url *url)
{
	if (memchr(text, ':', length))
		return "a password does not belong into it: name a file with it in HEIMGATE_LIMIT_STORE_PASSWORD_FILE";
	return copy(url->user, sizeof(url->user), text, length) ? NULL : "it has a bad user";
}

static bool is_address(const char *text)
{
	struct in6_addr address;
	return inet_pton(AF_INET6, text, &address) == 1;
}

/* "host", "host:port", "[address]" or "[address]:port" */
static const char *read_place(const char *text, size_t length, struct redis_url *url)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	bool bracketed = length > 0 && *text == '[';
	const char *host = text + bracketed, *end = text + length;
	size_t host_length = strspn(host, bracketed ? "0123456789abcdefABCDEF:." : letters);
	const char *rest = host + host_length + bracketed;
	if (!copy(url->host, sizeof(url->host), host, host_length) || (bracketed && host[host_length] != ']') || rest > end)
		return "it has a bad host";
	if (bracketed && !is_address(url->host))
		return "it has a bad host";
	if (rest == end)
		return NULL;
	if (*rest != ':')
		return "it has a bad host";
	bool good = read_number(rest + 1, (size_t)(end - rest) - 1, PORT_MAX, &url->port) && url->port > 0;
	return good ? NULL : "it has a bad port";
}

static const char *read_redis(const char *text, struct redis_url *url)
{
	const char *end = text + strcspn(text, "/"), *at = memchr(text, '@', (size_t)(end - text));
	const char *fault = at ? read_user(text, (size_t)(at - text), url) : NULL;
	const char *place = at ? at + 1 : text;
	if (!fault)
		fault = read_place(place, (size_t)(end - place), url);
	if (fault || *end == '\0' || end[1] == '\0')
		return fault;
	return read_number(end + 1, strlen(end + 1), DATABASE_MAX, &url->database) ? NULL : "it has a bad database number";
}

const char *redis_url_read(const char *text, struct redis_url *url)
{
	*url = (struct redis_url){.port = REDIS_URL_PORT};
	if (strncmp(text, "unix:", 5) == 0 && text[5] == '/')
		return copy(url->path, sizeof(url->path), text + 5, strlen(text + 5)) ? NULL : "its path is too long";
	if (strncmp(text, "redis://", 8) == 0)
		return read_redis(text + 8, url);
	if (strncmp(text, "rediss://", 9) == 0)
		return "Redis over TLS is not spoken here: use a private network or a tunnel, and redis://";
	return "it must be memory:, redis://[USER@]HOST[:PORT][/DATABASE] or unix:/PATH";
}
