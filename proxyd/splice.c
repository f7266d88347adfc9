#include "splice.h"

#include <string.h>

bool splice_wants_stream(const struct json_scan *scan)
{
	return json_value(scan, SPLICE_STREAM)->type == JSON_TRUE;
}

bool splice_wants_usage(const struct json_scan *scan)
{
	return json_value(scan, SPLICE_INCLUDE_USAGE)->type == JSON_TRUE;
}

/* Puts text in place of the bytes from start to end. */
static size_t replace(char *body, size_t length, uint64_t start, uint64_t end, const char *text)
{
	size_t size = strnlen(text, SPLICE_GROWTH_MAX);
	memmove(body + start + size, body + end, length - end);
	memcpy(body + start, text, size);
	return length - (end - start) + size;
}

static void quote(char *text, const char *name)
{
	*text++ = '"';
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			*text++ = '\\';
		*text++ = *name;
	}
	*text++ = '"';
	*text = '\0';
}

size_t splice_name(char *body, size_t length, const struct json_value *value, const char *model)
{
	char text[2 * MODEL_NAME_MAX + 3];
	quote(text, model);
	return replace(body, length, value->start, value->end, text);
}

size_t splice_form(char *body, size_t length, const struct form_value *value, const char *model)
{
	return replace(body, length, value->start, value->end, model);
}

static bool object_is_empty(const char *body, const struct json_value *object)
{
	uint64_t at = object->start + 1;
	at += strspn(body + at, " \t\r\n");
	return body[at] == '}';
}

/* Options that are neither an object nor null are for the upstream to refuse. */
static size_t set_usage(char *body, size_t length, const struct json_scan *scan)
{
	const struct json_value *options = json_value(scan, SPLICE_OPTIONS);
	const struct json_value *include = json_value(scan, SPLICE_INCLUDE_USAGE);
	uint64_t at = json_insert_at(scan);

	if (include->type != JSON_ABSENT)
		return replace(body, length, include->start, include->end, "true");
	if (options->type == JSON_NULL)
		return replace(body, length, options->start, options->end, "{\"include_usage\":true}");
	if (options->type == JSON_ABSENT)
		return replace(body, length, at, at, "\"stream_options\":{\"include_usage\":true},");
	if (options->type != JSON_OBJECT)
		return length;
	at = options->start + 1;
	bool alone = object_is_empty(body, options);
	return replace(body, length, at, at, alone ? "\"include_usage\":true" : "\"include_usage\":true,");
}

/* A change moves everything behind it, so whatever stands later in the body is changed first. */
size_t splice_body(char *body, size_t length, const struct json_scan *scan, const char *model, bool usage)
{
	const struct json_value *options = json_value(scan, SPLICE_OPTIONS);
	const struct json_value *name = json_value(scan, SPLICE_MODEL);
	bool model_is_last = options->type == JSON_ABSENT || name->start > options->start;

	if (model && model_is_last)
		length = splice_name(body, length, name, model);
	if (usage)
		length = set_usage(body, length, scan);
	if (model && !model_is_last)
		length = splice_name(body, length, name, model);
	return length;
}
