#include "route.h"

#include <string.h>

#define READ (1u << HTTP_GET | 1u << HTTP_HEAD), "GET, HEAD"
#define GET (1u << HTTP_GET), "GET"
#define POST (1u << HTTP_POST), "POST"

/* No path is in two rows. */
static const struct route routes[] = {
	{"/v1/chat/completions", POST, SERVE_FORWARD, ROUTE_CHAT, ROUTE_BODY_JSON},
	{"/v1/completions", POST, SERVE_FORWARD, ROUTE_COMPLETIONS, ROUTE_BODY_JSON},
	{"/v1/embeddings", POST, SERVE_FORWARD, ROUTE_EMBEDDINGS, ROUTE_BODY_JSON},
	{"/v1/models", GET, SERVE_FORWARD, ROUTE_MODELS, ROUTE_BODY_NONE},
	{"/v1/models/{id}", GET, SERVE_FORWARD, ROUTE_MODEL, ROUTE_BODY_NONE},
	{"/", READ, SERVE_ROOT, ROUTE_COUNT, ROUTE_BODY_NONE},
	{"/health", READ, SERVE_HEALTH, ROUTE_COUNT, ROUTE_BODY_NONE},
	{"/api/v1/health", READ, SERVE_HEALTH, ROUTE_COUNT, ROUTE_BODY_NONE},
	{"/ready", READ, SERVE_READY, ROUTE_COUNT, ROUTE_BODY_NONE},
};

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
	*match = (struct route_match){.reason = reason};
	return ROUTE_BAD_TARGET;
}

static const struct route *find_row(struct text path, struct text *id)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (path_matches(routes[i].path, path, id))
			return &routes[i];
	}
	return NULL;
}

enum route_result route_find(const struct http_head *head, const char *bytes, struct route_match *match)
{
	struct text target = {.bytes = bytes + head->target.start, .length = head->target.length};
	struct text id;

	*match = (struct route_match){0};
	if (!escapes_are_whole(target))
		return refuse(match, "the target has a '%' that is not followed by two hexadecimal digits");
	match->route = find_row(path_of(target), &id);
	if (!match->route)
		return ROUTE_NOT_FOUND;
	if (!(match->route->methods & 1u << head->method))
		return ROUTE_WRONG_METHOD;
	const char *reason = decode_id(id, match);
	return reason ? refuse(match, reason) : ROUTE_FOUND;
}
