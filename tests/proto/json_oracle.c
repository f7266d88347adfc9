#include "json_oracle.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static json_t *tree;

static json_t *load(const char *bytes, size_t length, json_error_t *error)
{
	return json_loadb(bytes, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, error);
}

void oracle_free(void)
{
	json_decref(tree);
	tree = NULL;
}

enum oracle_verdict oracle_read(const char *bytes, size_t length)
{
	json_error_t error;

	oracle_free();
	if (memchr(bytes, '\0', length))
		return ORACLE_NOT_JSON; /* Jansson lets one pass behind a number */
	tree = load(bytes, length, &error);
	if (tree)
		return ORACLE_JSON;
	switch ((int)json_error_code(&error)) {
	case json_error_numeric_overflow:
	case json_error_null_byte_in_key:
		return ORACLE_BEYOND;
	default:
		return ORACLE_NOT_JSON;
	}
}

static json_t *find(const char *path)
{
	char first[64];
	const char *dot = strchr(path, '.');

	if (!dot)
		return json_object_get(tree, path);
	snprintf(first, sizeof(first), "%.*s", (int)(dot - path), path);
	return json_object_get(json_object_get(tree, first), dot + 1);
}

bool oracle_agrees(const char *path, const char *bytes, size_t length)
{
	json_t *found = find(path);

	if (length == 0)
		return found == NULL;
	json_t *value = load(bytes, length, NULL);
	bool same = found && value && json_equal(found, value);
	json_decref(value);
	return same;
}

bool oracle_is_string(const char *bytes, size_t length, const char *text)
{
	json_t *value = load(bytes, length, NULL);
	const char *string = json_string_value(value);
	bool same = string && strlen(string) == json_string_length(value) && strcmp(string, text) == 0;

	json_decref(value);
	return same;
}
