#include "apierror.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

enum {
	MESSAGE_MAX = 1024, /* bytes of a string as rendered, without its quotes */
	FIELD_MAX = 128,
	FRAME_MAX = 600, /* what is the same in every error */
	ESCAPE_MAX = 6   /* \u001f */
};

/* A failed response tells its message twice. */
_Static_assert(2 * MESSAGE_MAX + 3 * FIELD_MAX + FRAME_MAX < API_ERROR_MAX, "the longest error fits");

static void put(struct wire_out *out, const char *text)
{
	wire_put_fixed(out, text, strlen(text));
}

/* What a control character, a quote or a backslash becomes in JSON. */
static size_t escape(char byte, char rendered[ESCAPE_MAX])
{
	static const char prefix[] = {'\\', 'u', '0', '0'};
	static const char digits[] = "0123456789abcdef";
	static const char bytes[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	const char *found = memchr(bytes, byte, sizeof(bytes) - 1);

	if (found) {
		rendered[0] = '\\';
		rendered[1] = letters[found - bytes];
		return 2;
	}
	memcpy(rendered, prefix, sizeof(prefix));
	rendered[4] = digits[byte >> 4];
	rendered[5] = digits[byte & 0xf];
	return ESCAPE_MAX;
}

/* Takes the next character of a string and renders it. */
static size_t render(const char **text, char rendered[ESCAPE_MAX])
{
	size_t length = utf8_length(*text, strnlen(*text, UTF8_MAX));
	char first = **text;

	*text += length > 0 ? length : 1;
	if (length == 0)
		return utf8_encode(0xfffd, rendered);
	if (length == 1 && (first < 0x20 || first == '"' || first == '\\'))
		return escape(first, rendered);
	memcpy(rendered, *text - length, length);
	return length;
}

static void put_string(struct wire_out *out, const char *text, size_t max)
{
	char rendered[ESCAPE_MAX];

	put(out, "\"");
	while (*text != '\0') {
		size_t length = render(&text, rendered);
		if (length > max)
			break;
		wire_put_fixed(out, rendered, length);
		max -= length;
	}
	put(out, "\"");
}

static void put_member(struct wire_out *out, const char *name, const char *text, size_t max)
{
	put(out, name);
	if (text)
		put_string(out, text, max);
	else
		put(out, "null");
}

static void put_id(struct wire_out *out, const char *prefix, const uint8_t *id)
{
	char digits[3];

	put(out, prefix);
	for (size_t i = 0; i < REQUEST_ID_SIZE; i++) {
		snprintf(digits, sizeof(digits), "%02x", id[i]);
		put(out, digits);
	}
}

static void put_openai(struct wire_out *out, const struct api_error *error)
{
	put_member(out, "{\"message\":", error->message, MESSAGE_MAX);
	put_member(out, ",\"type\":", error->type, FIELD_MAX);
	put_member(out, ",\"param\":", error->param, FIELD_MAX);
	put_member(out, ",\"code\":", error->code, FIELD_MAX);
	put(out, "}");
}

static const char *anthropic_type(int status)
{
	switch (status) {
	case 401:
		return "authentication_error";
	case 403:
		return "permission_error";
	case 404:
		return "not_found_error";
	case 413:
		return "request_too_large";
	case 429:
		return "rate_limit_error";
	case 503:
	case 529:
		return "overloaded_error";
	default:
		return status < 500 ? "invalid_request_error" : "api_error";
	}
}

static void put_anthropic(struct wire_out *out, const struct api_client *client, const struct api_error *error)
{
	put_member(out, "{\"type\":\"error\",\"error\":{\"type\":", anthropic_type(error->status), FIELD_MAX);
	put_member(out, ",\"message\":", error->message, MESSAGE_MAX);
	put_id(out, "},\"request_id\":\"req_", client->request_id);
	put(out, "\"}");
}

static void put_error(struct wire_out *out, const struct api_client *client, const struct api_error *error)
{
	switch (client->dialect) {
	case DIALECT_OPENAI:
		put(out, "{\"error\":");
		put_openai(out, error);
		put(out, "}");
		break;
	case DIALECT_ANTHROPIC:
		put_anthropic(out, client, error);
		break;
	case DIALECT_OLLAMA:
		put_member(out, "{\"error\":", error->message, MESSAGE_MAX);
		put(out, "}");
		break;
	}
}

/* The response as a whole, failed.  OpenAI's own clients overlook that unless the event has an error of its own. */
static void put_failed_response(struct wire_out *out, const struct api_client *client, const struct api_error *error,
                                uint64_t sequence)
{
	char number[24];

	snprintf(number, sizeof(number), "%" PRIu64, sequence);
	put(out, "event: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":");
	put(out, number);
	put_id(out, ",\"response\":{\"id\":\"resp_", client->request_id);
	put(out, "\",\"object\":\"response\",\"created_at\":0,\"status\":\"failed\",");
	put_member(out, "\"error\":{\"code\":\"server_error\",\"message\":", error->message, MESSAGE_MAX);
	put(out, "},\"incomplete_details\":null,\"instructions\":null,\"metadata\":{},\"model\":\"\",\"output\":[],"
	         "\"parallel_tool_calls\":true,\"temperature\":null,\"tool_choice\":\"auto\",\"tools\":[],\"top_p\":null},"
	         "\"error\":");
	put_openai(out, error);
	put(out, "}\n\n");
}

static size_t finish(struct wire_out *out)
{
	wire_put_u8(out, '\0');
	return out->length - 1;
}

size_t api_error_json(const struct api_client *client, const struct api_error *error, char *text, size_t size)
{
	struct wire_out out;

	wire_out_init(&out, text, size);
	put_error(&out, client, error);
	return finish(&out);
}

size_t api_error_event(const struct api_client *client, const struct api_error *error, uint64_t sequence, char *text,
                       size_t size)
{
	struct wire_out out;

	wire_out_init(&out, text, size);
	switch (client->shape) {
	case SHAPE_PLAIN:
	case SHAPE_CHAT:
	case SHAPE_MEDIA:
		put(&out, "data: ");
		put_error(&out, client, error);
		put(&out, "\n\n");
		break;
	case SHAPE_RESPONSE:
		put_failed_response(&out, client, error, sequence);
		break;
	case SHAPE_MESSAGE:
		put(&out, "event: error\ndata: ");
		put_error(&out, client, error);
		put(&out, "\n\n");
		break;
	case SHAPE_LINES:
		put_error(&out, client, error);
		put(&out, "\n");
		break;
	}
	return finish(&out);
}
