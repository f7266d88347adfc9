#include <stdio.h>
#include <string.h>

#include "../../proto/wire/apierror.h"
#include "../../proto/wire/json.h"
#include "../tap/tap.h"

static char text[API_ERROR_MAX];

static const char *message_of(const char *message)
{
	struct api_error error = {.status = 400, .type = "t", .message = message};
	static char found[API_ERROR_MAX];
	static const char head[] = "{\"error\":{\"message\":\"";
	static const char tail[] = "\",\"type\":\"t\",\"param\":null,\"code\":null}}";

	size_t length = api_error_json(&error, text, sizeof(text));
	if (length != strlen(text) || strncmp(text, head, strlen(head)) != 0)
		return "(no such head)";
	if (strcmp(text + length - strlen(tail), tail) != 0)
		return "(no such tail)";
	snprintf(found, sizeof(found), "%.*s", (int)(length - strlen(head) - strlen(tail)), text + strlen(head));
	return found;
}

static bool is_json(const char *bytes, size_t length)
{
	static struct json_scan scan;

	json_start(&scan, NULL, 0);
	json_feed(&scan, bytes, length);
	return json_end(&scan) == JSON_OK && json_is_object(&scan);
}

static void test_shape(void)
{
	struct api_error error = {
		.status = 404,
		.type = "invalid_request_error",
		.code = "model_not_found",
		.param = "model",
		.message = "The model `x` does not exist.",
	};

	size_t length = api_error_json(&error, text, sizeof(text));
	is_text(text,
	        "{\"error\":{\"message\":\"The model `x` does not exist.\",\"type\":\"invalid_request_error\","
	        "\"param\":\"model\",\"code\":\"model_not_found\"}}",
	        "the four keys");
	is_int((long long)length, (long long)strlen(text), "the length");
	error.code = error.param = NULL;
	length = api_error_event(&error, text, sizeof(text));
	is_text(text,
	        "data: {\"error\":{\"message\":\"The model `x` does not exist.\",\"type\":\"invalid_request_error\","
	        "\"param\":null,\"code\":null}}\n\n",
	        "an event, and what is not given is null");
	is_int((long long)length, (long long)strlen(text), "the length of an event");
}

static void test_escapes(void)
{
	is_text(message_of(""), "", "an empty message");
	is_text(message_of("say \"no\" \\ yes"), "say \\\"no\\\" \\\\ yes", "quotes and backslashes");
	is_text(message_of("\b\f\n\r\t"), "\\b\\f\\n\\r\\t", "the controls that have a letter");
	is_text(message_of("\x01\x1b\x1f\x7f"), "\\u0001\\u001b\\u001f\x7f", "the controls that have none");
	is_text(message_of("na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80"), "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80",
	        "UTF-8");
	is_text(message_of("na\xefve"), "na\xef\xbf\xbdve", "Latin-1");
	is_text(message_of("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd", "an overlong form");
	is_text(message_of("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "a surrogate");
	is_text(message_of("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd", "a character cut off");
}

/* Repeats a piece behind some padding; whatever is cut, the result is JSON of at most 1024 bytes of message. */
static void test_cut(void)
{
	static const char *const pieces[] = {"x", "\"", "\x01", "\xff", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
	char message[8192];

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		for (int padding = 0; padding < 6; padding++) {
			int length = snprintf(message, sizeof(message), "%.*s", padding, "......");
			while (length < 2000)
				length += snprintf(message + length, 8, "%s", pieces[i]);
			const char *found = message_of(message);
			ok(strlen(found) <= 1024 && strlen(found) > 1024 - 6, "cut behind %zu bytes", strlen(found));
			ok(is_json(text, strlen(text)), "and still JSON");
		}
}

static void test_longest(void)
{
	char many[4096];

	memset(many, '\x01', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	struct api_error error = {.type = many, .code = many, .param = many, .message = many};
	size_t length = api_error_event(&error, text, sizeof(text));
	ok(length < sizeof(text) && length == strlen(text), "the longest event fits: %zu bytes", length);
	ok(is_json(text + 6, length - 8), "and is JSON");
	ok(memcmp(text, "data: ", 6) == 0 && strcmp(text + length - 3, "}\n\n") == 0, "between its marks");
}

int main(void)
{
	test_shape();
	test_escapes();
	test_cut();
	test_longest();
	return tap_done();
}
