#include "passed.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool name_begins(struct http_span name, const char *bytes, const char *with)
{
	return name.length > strlen(with) && strncasecmp(bytes + name.start, with, strlen(with)) == 0;
}

static bool is_passed(const struct wire_route_info *route, struct http_span name, const char *bytes)
{
	if (route->takes == TAKES_FORM && http_span_is(name, bytes, "content-type"))
		return true;
	return route->dialect == DIALECT_ANTHROPIC && name_begins(name, bytes, "anthropic-");
}

static bool is_printable(struct http_span value, const char *bytes)
{
	for (size_t i = 0; i < value.length; i++)
		if (bytes[value.start + i] < ' ' || bytes[value.start + i] > '~')
			return false;
	return true;
}

static bool put_line(struct wire_out *out, const struct http_header *header, const char *bytes)
{
	wire_put_fixed(out, bytes + header->name.start, header->name.length);
	wire_put_fixed(out, ": ", 2);
	wire_put_fixed(out, bytes + header->value.start, header->value.length);
	wire_put_fixed(out, "\r\n", 2);
	return out->error == WIRE_OK && is_printable(header->value, bytes);
}

bool passed_collect(const struct wire_route_info *route, const struct http_head *head, const char *bytes, char **lines)
{
	char text[PASSED_MAX + 1];
	struct wire_out out;
	*lines = NULL;
	wire_out_init(&out, text, PASSED_MAX);
	for (size_t i = 0; i < head->header_count; i++) {
		const struct http_header *header = &head->headers[i];
		if (is_passed(route, header->name, bytes) && !put_line(&out, header, bytes))
			return false;
	}
	if (out.length > 0)
		*lines = strndup(text, out.length);
	return out.length == 0 || *lines;
}
