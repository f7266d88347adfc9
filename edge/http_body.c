#include "http_body.h"

enum { CHUNK_DIGITS_MAX = 16 }; /* as many as a 64-bit number has */

enum byte_class { HEX, TOKEN, SEMICOLON, EQUALS, COLON, SPACE, TEXT, QUOTE, BACKSLASH, CR, LF, CONTROL, CLASS_COUNT };

/* Where in a body the next byte stands; most of them within the chunked coding, RFC 9112 section 7.1. */
enum body_state {
	REFUSED,
	DONE,
	WHOLE, /* in a body of known length */
	SIZE_FIRST,
	SIZE,
	EXTENSION_FIRST,
	EXTENSION,
	VALUE_FIRST,
	VALUE,
	QUOTED,
	ESCAPED,
	UNQUOTED,
	SIZE_LF,
	CHUNK,
	CHUNK_CR,
	CHUNK_LF,
	TRAILER_FIRST,
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	LAST_LF,
	STATE_COUNT
};

/* Runs of classes: bytes of a token; what may stand in a quoted string as it is; what may follow a backslash there. */
#define NAME HEX... TOKEN
#define PLAIN HEX... TEXT
#define ANY HEX... BACKSLASH

/* What the grammar does not join is REFUSED, being zero. */
static const uint8_t transitions[STATE_COUNT][CLASS_COUNT] = {
	[SIZE_FIRST] = {[HEX] = SIZE},
	[SIZE] = {[HEX] = SIZE, [SEMICOLON] = EXTENSION_FIRST, [CR] = SIZE_LF},
	[EXTENSION_FIRST] = {[NAME] = EXTENSION},
	[EXTENSION] = {[NAME] = EXTENSION, [EQUALS] = VALUE_FIRST, [SEMICOLON] = EXTENSION_FIRST, [CR] = SIZE_LF},
	[VALUE_FIRST] = {[NAME] = VALUE, [QUOTE] = QUOTED},
	[VALUE] = {[NAME] = VALUE, [SEMICOLON] = EXTENSION_FIRST, [CR] = SIZE_LF},
	[QUOTED] = {[PLAIN] = QUOTED, [BACKSLASH] = ESCAPED, [QUOTE] = UNQUOTED},
	[ESCAPED] = {[ANY] = QUOTED},
	[UNQUOTED] = {[SEMICOLON] = EXTENSION_FIRST, [CR] = SIZE_LF},
	[SIZE_LF] = {[LF] = CHUNK},
	[CHUNK_CR] = {[CR] = CHUNK_LF},
	[CHUNK_LF] = {[LF] = SIZE_FIRST},
	[TRAILER_FIRST] = {[NAME] = TRAILER_NAME, [CR] = LAST_LF},
	[TRAILER_NAME] = {[NAME] = TRAILER_NAME, [COLON] = TRAILER_VALUE},
	[TRAILER_VALUE] = {[ANY] = TRAILER_VALUE, [CR] = TRAILER_LF},
	[TRAILER_LF] = {[LF] = TRAILER_FIRST},
	[LAST_LF] = {[LF] = DONE},
};

static int hex_value(unsigned char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return -1;
}

static enum byte_class class_of(unsigned char byte)
{
	static const struct {
		char byte;
		enum byte_class class;
	} marks[] = {
		{';', SEMICOLON}, {'=', EQUALS},     {':', COLON}, {' ', SPACE}, {'\t', SPACE},
		{'"', QUOTE},     {'\\', BACKSLASH}, {'\r', CR},   {'\n', LF},
	};

	if (hex_value(byte) >= 0)
		return HEX;
	if (http_is_token_byte(byte))
		return TOKEN;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (byte == (unsigned char)marks[i].byte)
			return marks[i].class;
	}
	return byte < ' ' || byte == 0x7f ? CONTROL : TEXT;
}

static void refuse(struct http_body *body, uint16_t status, const char *reason)
{
	body->state = REFUSED;
	body->refusal = (struct http_refusal){.status = status, .reason = reason};
}

static void refuse_size(struct http_body *body)
{
	refuse(body, 413, "the request body is too large");
}

static void take_digit(struct http_body *body, unsigned char byte)
{
	if (++body->digits > CHUNK_DIGITS_MAX) {
		refuse(body, 400, "a chunk's size has too many digits");
		return;
	}
	body->remaining = body->remaining * 16 + (unsigned)hex_value(byte);
	if (body->remaining > body->limit - body->received)
		refuse_size(body);
}

static void take_name_byte(struct http_body *body, unsigned char byte)
{
	if (body->name_length < HTTP_TRAILER_NAME_KEPT)
		body->name[body->name_length++] = (char)byte;
}

static void judge_name(struct http_body *body)
{
	struct http_span name = {.length = body->name_length};
	if (http_span_is(name, body->name, "content-length") || http_span_is(name, body->name, "transfer-encoding"))
		refuse(body, 400, "a trailer would say where the body ends");
	body->name_length = 0;
}

static void enter(struct http_body *body, uint8_t state, unsigned char byte)
{
	body->state = state;
	if (state == SIZE) {
		take_digit(body, byte);
	} else if (state == TRAILER_NAME) {
		take_name_byte(body, byte);
	} else if (state == TRAILER_VALUE && body->name_length > 0) {
		judge_name(body);
	} else if (state == SIZE_FIRST) {
		body->digits = 0;
		body->framing = 0;
	} else if (state == CHUNK) {
		body->state = body->remaining > 0 ? CHUNK : TRAILER_FIRST;
		body->framing = 0;
	}
}

static void take_framing(struct http_body *body, unsigned char byte)
{
	uint8_t next = transitions[body->state][class_of(byte)];
	uint32_t framing_max = body->state >= TRAILER_FIRST ? HTTP_TRAILER_MAX : HTTP_CHUNK_LINE_MAX;

	if (next == REFUSED)
		refuse(body, 400, "the body is not in the chunked coding");
	else if (++body->framing > framing_max)
		refuse(body, 431, "the body's chunk extensions or trailers are too long");
	else
		enter(body, next, byte);
}

/* There is at least one byte, and a body or chunk that wants it. */
static void take_payload(struct http_body *body, size_t length, struct http_piece *piece)
{
	size_t available = length - piece->used;
	piece->start = piece->used;
	piece->length = body->remaining < available ? (size_t)body->remaining : available;
	piece->used += piece->length;
	body->received += piece->length;
	body->remaining -= piece->length;
	if (body->remaining == 0)
		body->state = body->state == WHOLE ? DONE : CHUNK_CR;
}

enum http_body_result http_body_start(struct http_body *body, const struct http_head *head, uint64_t limit)
{
	*body = (struct http_body){.limit = limit, .remaining = head->content_length};
	body->state = head->chunked ? SIZE_FIRST : WHOLE;
	if (body->remaining > limit) {
		refuse_size(body);
		return HTTP_BODY_REFUSED;
	}
	if (body->state == WHOLE && body->remaining == 0)
		body->state = DONE;
	return body->state == DONE ? HTTP_BODY_DONE : HTTP_BODY_MORE;
}

enum http_body_result http_body_next(struct http_body *body, const char *bytes, size_t length, struct http_piece *piece)
{
	*piece = (struct http_piece){0};
	while (body->state != DONE && body->state != REFUSED && piece->used < length) {
		if (body->state == WHOLE || body->state == CHUNK) {
			take_payload(body, length, piece);
			return HTTP_BODY_DATA;
		}
		take_framing(body, (unsigned char)bytes[piece->used++]);
	}
	if (body->state == REFUSED) {
		*piece = (struct http_piece){0};
		return HTTP_BODY_REFUSED;
	}
	return body->state == DONE ? HTTP_BODY_DONE : HTTP_BODY_MORE;
}
