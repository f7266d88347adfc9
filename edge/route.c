#include "route.h"

#include <stdio.h>
#include <string.h>

struct text {
	const char *bytes;
	size_t length;
};

static int hex_value(char byte)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *found = memchr(digits, byte, sizeof(digits) - 1);
	return found ? (int)(found - digits) % 16 : -1;
}

/* The byte that "%XX" at the front of the text stands for; -1 when it is no such thing. */
static int escaped_byte(struct text text)
{
	if (text.length < 3 || hex_value(text.bytes[1]) < 0 || hex_value(text.bytes[2]) < 0)
		return -1;
	return hex_value(text.bytes[1]) * 16 + hex_value(text.bytes[2]);
}

static struct text text_skip(struct text text, size_t count)
{
	return (struct text){.bytes = text.bytes + count, .length = text.length - count};
}

static bool escapes_are_whole(struct text text)
{
	for (; text.length > 0; text = text_skip(text, 1)) {
		if (text.bytes[0] == '%' && escaped_byte(text) < 0)
			return false;
	}
	return true;
}

static struct text path_of(struct text target)
{
	const char *query = memchr(target.bytes, '?', target.length);
	if (query)
		target.length = (size_t)(query - target.bytes);
	return target;
}

/* *id becomes what "{id}" stands for, or empty. */
static bool path_matches(const char *pattern, struct text path, struct text *id)
{
	const char *brace = strchr(pattern, '{');
	size_t fixed = brace ? (size_t)(brace - pattern) : strlen(pattern);

	if (path.length < fixed || memcmp(path.bytes, pattern, fixed) != 0)
		return false;
	*id = text_skip(path, fixed);
	return brace ? id->length > 0 : id->length == 0;
}

/* Decodes the id into match->model; NULL, or why that cannot be. */
static const char *decode_id(struct text id, struct route_match *match)
{
	size_t length = 0;
	while (id.length > 0) {
		bool escaped = id.bytes[0] == '%';
		int byte = escaped ? escaped_byte(id) : (unsigned char)id.bytes[0];
		if (byte < ' ' || byte == 0x7f)
			return "the model's id has a control character";
		if (length == MODEL_NAME_MAX)
			return "the model's id is too long";
		match->model[length++] = (char)byte;
		id = text_skip(id, escaped ? 3 : 1);
	}
	match->model[length] = '\0';
	return NULL;
}

static enum route_result refuse(struct route_match *match, const char *reason)
{
	match->route = NULL;
	match->reason = reason;
	return ROUTE_BAD_TARGET;
}

static unsigned method_of(const struct http_head *head)
{
	switch (head->method) {
	case HTTP_GET:
		return METHOD_GET;
	case HTTP_HEAD:
		return METHOD_HEAD;
	case HTTP_POST:
		return METHOD_POST;
	case HTTP_DELETE:
		return METHOD_DELETE;
	case HTTP_PUT:
	case HTTP_PATCH:
	case HTTP_OPTIONS:
	case HTTP_OTHER:
		break;
	}
	return METHOD_OTHER;
}

/* A path may stand in several rows, each with methods of its own: all of them are in *methods. */
static const struct wire_route_info *find_row(struct text path, unsigned method, unsigned *methods, struct text *id)
{
	const struct wire_route_info *found = NULL;
	*methods = 0;
	for (unsigned i = 0; i < ROUTE_COUNT; i++) {
		const struct wire_route_info *row = wire_route_info((enum wire_route)i);
		if (!path_matches(row->path, path, id))
			continue;
		if (row->methods & method)
			return row;
		*methods |= row->methods;
		found = found ? found : row;
	}
	return found;
}

static void list_methods(unsigned methods, char *allow)
{
	static const struct {
		unsigned method;
		const char *name;
	} names[] = {{METHOD_GET, "GET"}, {METHOD_HEAD, "HEAD"}, {METHOD_POST, "POST"}, {METHOD_DELETE, "DELETE"}};
	int length = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (methods & names[i].method)
			length += snprintf(allow + length, ROUTE_ALLOW_MAX + 1 - (size_t)length, "%s%s", length > 0 ? ", " : "",
			                   names[i].name);
}

static bool begins_with(struct text path, const char *start)
{
	return path.length >= strlen(start) && memcmp(path.bytes, start, strlen(start)) == 0;
}

/* Whoever asks for what is not known is told so in the dialect of what stands next to it. */
static enum wire_dialect dialect_near(struct text path)
{
	if (begins_with(path, "/api/"))
		return DIALECT_OLLAMA;
	return begins_with(path, "/v1/messages") ? DIALECT_ANTHROPIC : DIALECT_OPENAI;
}

enum route_result route_find(const struct http_head *head, const char *bytes, struct route_match *match)
{
	struct text target = {.bytes = bytes + head->target.start, .length = head->target.length};
	struct text path = path_of(target), id;
	unsigned method = method_of(head), methods;

	*match = (struct route_match){.dialect = dialect_near(path)};
	if (!escapes_are_whole(target))
		return refuse(match, "the target has a '%' that is not followed by two hexadecimal digits");
	match->route = find_row(path, method, &methods, &id);
	if (!match->route)
		return ROUTE_NOT_FOUND;
	match->dialect = match->route->dialect;
	if (!(match->route->methods & method)) {
		list_methods(methods, match->allow);
		return ROUTE_WRONG_METHOD;
	}
	if (match->route->named != NAMED_PATH)
		return ROUTE_FOUND;
	const char *reason = decode_id(id, match);
	return reason ? refuse(match, reason) : ROUTE_FOUND;
}
