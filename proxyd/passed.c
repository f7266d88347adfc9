#include "passed.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../proto/daemon/log.h"

#define CONTENT_TYPE "content-type:"
#define ANTHROPIC "anthropic-"

/* Takes the next line off, without its end; false at the end and before half a line. */
static bool take_line(struct wire_bytes *rest, struct wire_bytes *line)
{
	const uint8_t *end = rest->length > 0 ? memmem(rest->data, rest->length, "\r\n", 2) : NULL;
	if (!end)
		return false;
	*line = (struct wire_bytes){rest->data, (size_t)(end - rest->data)};
	rest->data += line->length + 2;
	rest->length -= line->length + 2;
	return true;
}

static bool begins_with(struct wire_bytes line, const char *with)
{
	return line.length > strlen(with) && strncasecmp((const char *)line.data, with, strlen(with)) == 0;
}

static bool is_printable(struct wire_bytes line)
{
	for (size_t i = 0; i < line.length; i++)
		if (line.data[i] < ' ' || line.data[i] > '~')
			return false;
	return memchr(line.data, ':', line.length) != NULL;
}

static bool is_good_line(struct wire_bytes line, const struct wire_route_info *route)
{
	if (begins_with(line, CONTENT_TYPE))
		return route->takes == TAKES_FORM;
	return route->dialect == DIALECT_ANTHROPIC && begins_with(line, ANTHROPIC);
}

/* Of two Content-Types the upstream might read the body by another boundary than it was judged by. */
bool passed_is_good(struct wire_bytes lines, const struct wire_route_info *route)
{
	struct wire_bytes line;
	unsigned types = 0;
	while (take_line(&lines, &line)) {
		if (!is_printable(line) || !is_good_line(line, route))
			return false;
		types += begins_with(line, CONTENT_TYPE);
	}
	return lines.length == 0 && types <= 1;
}

bool passed_boundary(struct wire_bytes lines, char boundary[FORM_BOUNDARY_MAX + 1])
{
	struct wire_bytes line;
	while (take_line(&lines, &line)) {
		if (!begins_with(line, CONTENT_TYPE))
			continue;
		const char *value = (const char *)line.data + strlen(CONTENT_TYPE);
		size_t length = line.length - strlen(CONTENT_TYPE);
		size_t blanks = length > 0 && *value == ' ';
		return form_boundary(value + blanks, length - blanks, boundary);
	}
	return false;
}

static struct curl_slist *put_before(struct curl_slist *next, struct wire_bytes line)
{
	struct curl_slist *node = malloc(sizeof(*node));
	CHECK(node != NULL);
	node->data = strndup((const char *)line.data, line.length);
	CHECK(node->data != NULL);
	node->next = next;
	return node;
}

struct curl_slist *passed_join(struct wire_bytes lines, struct curl_slist *headers)
{
	struct curl_slist *joined = headers;
	struct wire_bytes line, boundary_line = {NULL, 0};
	for (struct wire_bytes rest = lines; take_line(&rest, &line);)
		if (begins_with(line, CONTENT_TYPE))
			boundary_line = line;
	if (boundary_line.data)
		joined = put_before(headers->next, boundary_line);
	while (take_line(&lines, &line))
		if (!begins_with(line, CONTENT_TYPE))
			joined = put_before(joined, line);
	return joined;
}

void passed_free(struct curl_slist *joined, struct curl_slist *headers)
{
	while (joined && joined != headers && joined != headers->next) {
		struct curl_slist *next = joined->next;
		free(joined->data);
		free(joined);
		joined = next;
	}
}
