#include "wrap.h"

#include <ctype.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_ROOM = 1100 }; /* api_error_json() cuts earlier */

int wrap_status(int status)
{
	if (status > 599)
		return 502;
	return status == 429 ? 503 : status;
}

static const char *type_of(int status)
{
	if (status == 408)
		return "timeout_error";
	return wrap_status(status) < 500 ? "invalid_request_error" : "server_error";
}

static const char *code_of(int status)
{
	if (wrap_status(status) == 503)
		return "server_is_overloaded";
	return status < 500 ? NULL : "upstream_error";
}

/* "no such model" out of {"error":"no such model"}, {"error":{"message":"no such model",...}} or
 * {"message":"no such model",...}; else NULL. */
static const char *message_of(const json_t *body)
{
	const json_t *error = json_object_get(body, "error");
	const json_t *message = json_is_object(error) ? json_object_get(error, "message") : error;
	return json_string_value(message ? message : json_object_get(body, "message"));
}

static bool is_native(enum wire_dialect dialect, const json_t *body)
{
	const json_t *error = json_object_get(body, "error");
	const char *type = json_string_value(json_object_get(body, "type"));
	switch (dialect) {
	case DIALECT_OPENAI:
		return json_is_object(error);
	case DIALECT_ANTHROPIC:
		return json_is_object(error) && type && strcmp(type, "error") == 0;
	case DIALECT_OLLAMA:
		return json_is_string(error);
	}
	return false;
}

static bool is_prose(const char *body, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (body[i] == '\0' || body[i] == '<')
			return false;
	return length > 0 && length < MESSAGE_ROOM && *body != '{' && *body != '[';
}

/* Markup and the like say nothing to a person, and may name things that are not the client's business. */
static void describe(int status, const char *body, size_t length, char *text, size_t size)
{
	while (length > 0 && isspace((unsigned char)body[length - 1]))
		length--;
	if (is_prose(body, length))
		snprintf(text, size, "%.*s", (int)length, body);
	else
		snprintf(text, size, "The model server answered with status %d and no readable reason.", status);
}

size_t wrap_body(const struct api_client *client, int status, const char *body, size_t length, char *text)
{
	char described[MESSAGE_ROOM];
	json_t *json = json_loadb(body, length, 0, NULL);
	const char *message = message_of(json);
	size_t wrapped = 0;

	if (!is_native(client->dialect, json)) {
		if (!message) {
			describe(status, body, length, described, sizeof(described));
			message = described;
		}
		struct api_error error = {
			.status = status, .type = type_of(status), .code = code_of(status), .message = message};
		wrapped = api_error_json(client, &error, text, API_ERROR_MAX);
	}
	json_decref(json);
	return wrapped;
}
