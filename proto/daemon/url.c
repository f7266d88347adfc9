#include "url.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { PORT_MAX = 65535 };

static bool is_port(const char *text, size_t length)
{
	unsigned port = 0;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9' || port > PORT_MAX)
			return false;
		port = port * 10 + (unsigned)(text[i] - '0');
	}
	return length > 0 && port >= 1 && port <= PORT_MAX;
}

/* Bytes of "[address]" at the start of the text; 0 when that is no IPv6 address (RFC 3986 section 3.2.2). */
static size_t bracketed_length(const char *text)
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr parsed;
	size_t length = strspn(text + 1, "0123456789abcdefABCDEF:.");
	if (length >= sizeof(address) || text[1 + length] != ']')
		return 0;
	memcpy(address, text + 1, length);
	address[length] = '\0';
	return inet_pton(AF_INET6, address, &parsed) == 1 ? length + 2 : 0;
}

/* "host", "host:port", "[address]" or "[address]:port".  NULL, or what is wrong with it. */
static const char *judge_authority(const char *text, size_t length)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	bool is_bracketed = length > 0 && text[0] == '[';
	if (memchr(text, '@', length) != NULL)
		return "must not hold a user or password; use api_key_file";
	size_t host = is_bracketed ? bracketed_length(text) : strspn(text, letters);
	if (host == 0)
		return is_bracketed ? "has a bad address in brackets" : "has no host";
	if (host == length)
		return NULL;
	if (text[host] != ':')
		return "has a bad host";
	return is_port(text + host + 1, length - host - 1) ? NULL : "has a bad port";
}

/* NULL, or what is wrong with the characters of a URL or of a part of one. */
static const char *judge_characters(const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '?' || *at == '#')
			return "must not hold a query or fragment";
		if (*at <= ' ' || *at > '~' || strchr("\"<>\\^`{|}", *at) != NULL)
			return "holds a character that must be percent-encoded";
	}
	return NULL;
}

const char *url_judge_path(const char *path)
{
	return path[0] == '/' ? judge_characters(path) : "must begin with /";
}

const char *url_judge(const char *url)
{
	const char *authority;
	if (strncmp(url, "http://", 7) == 0)
		authority = url + 7;
	else if (strncmp(url, "https://", 8) == 0)
		authority = url + 8;
	else
		return "must begin with http:// or https://";
	const char *wrong = judge_characters(authority);
	return wrong ? wrong : judge_authority(authority, strcspn(authority, "/"));
}
