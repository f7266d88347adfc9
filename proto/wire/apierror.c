#include "apierror.h"

#include <string.h>

#include "utf8.h"
#include "wire.h"

enum {
	MESSAGE_MAX = 1024, /* bytes of a string as rendered, without its quotes */
	FIELD_MAX = 128,
	FRAME_MAX = 64, /* what is the same in every error */
	ESCAPE_MAX = 6  /* \u001f */
};

_Static_assert(MESSAGE_MAX + 3 * FIELD_MAX + FRAME_MAX < API_ERROR_MAX, "the longest error fits");

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

static void put_error(struct wire_out *out, const struct api_error *error)
{
	put_member(out, "{\"error\":{\"message\":", error->message, MESSAGE_MAX);
	put_member(out, ",\"type\":", error->type, FIELD_MAX);
	put_member(out, ",\"param\":", error->param, FIELD_MAX);
	put_member(out, ",\"code\":", error->code, FIELD_MAX);
	put(out, "}}");
}

size_t api_error_json(const struct api_error *error, char *text, size_t size)
{
	struct wire_out out;

	wire_out_init(&out, text, size);
	put_error(&out, error);
	wire_put_u8(&out, '\0');
	return out.length - 1;
}

size_t api_error_event(const struct api_error *error, char *text, size_t size)
{
	struct wire_out out;

	wire_out_init(&out, text, size);
	put(&out, "data: ");
	put_error(&out, error);
	put(&out, "\n\n");
	wire_put_u8(&out, '\0');
	return out.length - 1;
}
