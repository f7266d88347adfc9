#include "json.h"

#include <string.h>

#include "json_steps.h"
#include "json_text.h"
#include "json_wanted.h"

static void path_start(struct json_scan *scan, unsigned index)
{
	const char *path = scan->paths[index];
	struct json_value *value = &scan->values[index];

	scan->first_length[index] = (uint8_t)strcspn(path, ".");
	if (path[scan->first_length[index]] == '.')
		scan->nested |= (uint8_t)(1u << index);
	value->type = JSON_ABSENT;
	value->start = value->end = 0;
	value->length = 0;
	value->cut = false;
	value->text[0] = '\0';
}

void json_start(struct json_scan *scan, const char *const *paths, size_t count)
{
	memset(scan, 0, offsetof(struct json_scan, values)); /* the values are large, and few are used */
	scan->paths = paths;
	scan->count = (uint8_t)count;
	for (unsigned i = 0; i < scan->count; i++)
		path_start(scan, i);
}

enum json_error json_feed(struct json_scan *scan, const char *bytes, size_t length)
{
	if (length == 0 || scan->error != JSON_OK)
		return scan->error;
	scan->bytes = scan->at = bytes;
	scan->limit = bytes + length;
	json_steps_run(scan);
	if (scan->error != JSON_OK)
		return scan->error;
	json_wanted_keep(scan);
	scan->base += length;
	scan->bytes = scan->at = scan->limit = NULL;
	return JSON_OK;
}

enum json_error json_end(struct json_scan *scan)
{
	if (scan->error == JSON_OK && !json_steps_complete(scan)) {
		scan->error = JSON_TRUNCATED;
		scan->error_at = scan->base;
	}
	return scan->error;
}

uint64_t json_error_at(const struct json_scan *scan)
{
	return scan->error_at;
}

const char *json_error_text(enum json_error error)
{
	static const char *const texts[] = {
		[JSON_OK] = "no error",
		[JSON_SYNTAX] = "not JSON",
		[JSON_UTF8] = "not UTF-8",
		[JSON_DEEP] = "nested deeper than 64 levels",
		[JSON_AMBIGUOUS] = "a member that must be unique stands there twice, or in another case",
		[JSON_TRUNCATED] = "ends too early",
		[JSON_TRAILING] = "more after the value",
	};
	_Static_assert(JSON_DEPTH_MAX == 64, "the text above says so");

	return texts[error];
}

const struct json_value *json_value(const struct json_scan *scan, size_t index)
{
	return &scan->values[index];
}

bool json_is_object(const struct json_scan *scan)
{
	return scan->top == JSON_OBJECT;
}

uint64_t json_insert_at(const struct json_scan *scan)
{
	return scan->insert_at;
}

bool json_is_empty(const struct json_scan *scan)
{
	return !scan->has_members;
}

int json_decode_string(const struct json_value *value, char *text, size_t size)
{
	if (value->type != JSON_STRING || value->cut || size == 0)
		return -1;

	const char *at = value->text + 1;
	const char *limit = value->text + value->length - 1;
	size_t length = 0;
	while (at < limit) {
		char bytes[UTF8_MAX];
		size_t taken = json_text_decode(&at, bytes);
		if (bytes[0] == '\0' || taken >= size - length)
			return -1;
		memcpy(text + length, bytes, taken);
		length += taken;
	}
	text[length] = '\0';
	return (int)length;
}

int64_t json_decode_integer(const struct json_value *value)
{
	int64_t number = 0;

	if (value->type != JSON_NUMBER)
		return -1;
	for (const char *at = value->text; *at != '\0'; at++) {
		if (*at < '0' || *at > '9')
			return -1;
		if (number > (INT64_MAX - (*at - '0')) / 10)
			return -1;
		number = number * 10 + (*at - '0');
	}
	return number;
}
