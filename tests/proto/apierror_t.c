#include <stdio.h>
#include <string.h>

#include "../../proto/wire/apierror.h"
#include "../../proto/wire/json.h"
#include "../tap/tap.h"

#define ID (const uint8_t *)"0123456789abcdef"
#define ID_TEXT "30313233343536373839616263646566"

static char text[API_ERROR_MAX];
static const struct api_client openai = {DIALECT_OPENAI, SHAPE_CHAT, ID};
static const struct api_client anthropic = {DIALECT_ANTHROPIC, SHAPE_MESSAGE, ID};
static const struct api_client ollama = {DIALECT_OLLAMA, SHAPE_LINES, ID};
static const struct api_client response = {DIALECT_OPENAI, SHAPE_RESPONSE, ID};

static const char *message_of(const char *message)
{
	struct api_error error = {.status = 400, .type = "t", .message = message};
	static char found[API_ERROR_MAX];
	static const char head[] = "{\"error\":{\"message\":\"";
	static const char tail[] = "\",\"type\":\"t\",\"param\":null,\"code\":null}}";

	size_t length = api_error_json(&openai, &error, text, sizeof(text));
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

	size_t length = api_error_json(&openai, &error, text, sizeof(text));
	is_text(text,
	        "{\"error\":{\"message\":\"The model `x` does not exist.\",\"type\":\"invalid_request_error\","
	        "\"param\":\"model\",\"code\":\"model_not_found\"}}",
	        "the four keys");
	is_int((long long)length, (long long)strlen(text), "the length");
	error.code = error.param = NULL;
	length = api_error_event(&openai, &error, 0, text, sizeof(text));
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
	size_t length = api_error_event(&response, &error, UINT64_MAX, text, sizeof(text));
	ok(length < sizeof(text) && length == strlen(text), "the longest failed response fits: %zu bytes", length);
	length = api_error_event(&openai, &error, 0, text, sizeof(text));
	ok(length < sizeof(text) && length == strlen(text), "the longest event fits: %zu bytes", length);
	ok(is_json(text + 6, length - 8), "and is JSON");
	ok(memcmp(text, "data: ", 6) == 0 && strcmp(text + length - 3, "}\n\n") == 0, "between its marks");
}

static void test_dialects(void)
{
	static const struct {
		int status;
		const char *type;
	} types[] = {{400, "invalid_request_error"},
	             {401, "authentication_error"},
	             {403, "permission_error"},
	             {404, "not_found_error"},
	             {413, "request_too_large"},
	             {429, "rate_limit_error"},
	             {503, "overloaded_error"},
	             {529, "overloaded_error"},
	             {500, "api_error"},
	             {502, "api_error"},
	             {415, "invalid_request_error"}};
	char wanted[256];
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct api_error error = {.status = types[i].status, .type = "t", .code = "c", .message = "no \"x\""};
		snprintf(wanted, sizeof(wanted),
		         "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":\"no \\\"x\\\"\"},"
		         "\"request_id\":\"req_" ID_TEXT "\"}",
		         types[i].type);
		api_error_json(&anthropic, &error, text, sizeof(text));
		is_text(text, wanted, "Anthropic's %d", types[i].status);
	}
	struct api_error error = {.status = 502, .type = "server_error", .code = "c", .message = "lost"};
	api_error_json(&ollama, &error, text, sizeof(text));
	is_text(text, "{\"error\":\"lost\"}", "Ollama's");
}

static void test_streams(void)
{
	struct api_error error = {.status = 502, .type = "server_error", .code = "c", .message = "lost"};
	api_error_event(&anthropic, &error, 3, text, sizeof(text));
	is_text(text,
	        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"lost\"},"
	        "\"request_id\":\"req_" ID_TEXT "\"}\n\n",
	        "an event of Anthropic's");
	api_error_event(&ollama, &error, 3, text, sizeof(text));
	is_text(text, "{\"error\":\"lost\"}\n", "a line of Ollama's");
	size_t length = api_error_event(&response, &error, 3, text, sizeof(text));
	static const char head[] = "event: response.failed\ndata: ";
	static const char start[] =
		"{\"type\":\"response.failed\",\"sequence_number\":3,\"response\":{\"id\":\"resp_" ID_TEXT;
	ok(strncmp(text, head, strlen(head)) == 0, "a response fails as a whole");
	ok(strncmp(text + strlen(head), start, strlen(start)) == 0, "as the next event of the stream");
	ok(strstr(text, "\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"lost\"}") != NULL,
	   "with a reason within");
	ok(strstr(text, ",\"error\":{\"message\":\"lost\",\"type\":\"server_error\",\"param\":null,\"code\":\"c\"}}") !=
	       NULL,
	   "and one for clients that look no further");
	ok(is_json(text + strlen(head), length - strlen(head) - 2), "in JSON");
}

int main(void)
{
	test_shape();
	test_dialects();
	test_streams();
	test_escapes();
	test_cut();
	test_longest();
	return tap_done();
}
