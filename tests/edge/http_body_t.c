/* The body decoder: what it accepts, what it refuses, and that neither depends on how the bytes arrive. */
#include "../../edge/http_body.h"

#include <stdlib.h>
#include <string.h>

#include "../tap/tap.h"

enum { LIMIT = 64, ROOM = 4096 };

#define BYTES(text) text, sizeof(text) - 1
#define DIGITS16 "0000000000000005"
#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define X250 X50 X50 X50 X50 X50

static const struct {
	const char *name;
	const char *bytes;
	size_t length;
	uint16_t status;     /* 0: accepted */
	const char *payload; /* when accepted; NULL: not complete */
	size_t rest;         /* bytes that are not the body's */
} cases[] = {
    {"one chunk", BYTES("5\r\nhello\r\n0\r\n\r\n"), 0, "hello", 0},
    {"two chunks and the next request", BYTES("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\nGET"), 0, "hello!", 3},
    {"no chunk but the last", BYTES("0\r\n\r\n"), 0, "", 0},
    {"a last chunk of many zeros", BYTES("0000\r\n\r\n"), 0, "", 0},
    {"sizes in hexadecimal", BYTES("A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n"), 0, "01234567890123456789a", 0},
    {"line ends as payload", BYTES("4\r\n\r\n\r\n\r\n0\r\n\r\n"), 0, "\r\n\r\n", 0},
    {"a chunk of sixteen digits", BYTES(DIGITS16 "\r\nhello\r\n0\r\n\r\n"), 0, "hello", 0},
    {"a chunk of seventeen digits", BYTES("0" DIGITS16 "\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"payload up to the limit", BYTES("40\r\n" X50 X10 "1234\r\n0\r\n\r\n"), 0, X50 X10 "1234", 0},
    {"a chunk over the limit", BYTES("41\r\n"), 413, NULL, 0},
    {"chunks over the limit together", BYTES("3c\r\n" X50 X10 "\r\n5\r\n"), 413, NULL, 0},
    {"a chunk of 64 bits", BYTES("FFFFFFFFFFFFFFFF\r\n"), 413, NULL, 0},
    {"a chunk of 65 bits", BYTES("10000000000000005\r\nhello\r\n"), 413, NULL, 0},

    {"no size", BYTES("\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"a size with 0x", BYTES("0x5\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"a size with a sign", BYTES("+5\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"a negative size", BYTES("-1\r\n"), 400, NULL, 0},
    {"a size that is no number", BYTES("5g\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"a space before the size", BYTES(" 5\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"a space after the size", BYTES("5 \r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"a space and LF after the size", BYTES("5 \nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"a size with an underscore", BYTES("1_0\r\n"), 400, NULL, 0},
    {"a size ended by LF", BYTES("5\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"a size ended by CR", BYTES("5\rhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"a size ended by CR CR LF", BYTES("5\r\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"a chunk longer than its size", BYTES("4\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"a chunk shorter than its size", BYTES("6\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"a chunk ended by LF", BYTES("5\r\nhello\n0\r\n\r\n"), 400, NULL, 0},
    {"a chunk ended by CR", BYTES("5\r\nhello\r0\r\n\r\n"), 400, NULL, 0},
    {"a chunk ended by any two bytes", BYTES("5\r\nhelloXY0\r\n\r\n"), 400, NULL, 0},
    {"a last chunk ended by LF", BYTES("0\n\r\n"), 400, NULL, 0},
    {"an end of LF", BYTES("0\r\n\n"), 400, NULL, 0},
    {"an end of CR CR", BYTES("0\r\n\r\r"), 400, NULL, 0},
    {"a NUL after the size", BYTES("5\0\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},

    {"an extension", BYTES("5;a\r\nhello\r\n0\r\n\r\n"), 0, "hello", 0},
    {"extensions with values", BYTES("5;a=b;c=\"d;\\\"\t\xc3\xa9\";e\r\nhello\r\n0;f=0\r\n\r\n"), 0, "hello", 0},
    {"an empty quoted value", BYTES("5;a=\"\"\r\nhello\r\n0\r\n\r\n"), 0, "hello", 0},
    {"an extension without name", BYTES("5;\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"an extension without value", BYTES("5;a=\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"an extension with a space", BYTES("5; a\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"an extension ended by LF", BYTES("5;a\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"an extension with a bare CR", BYTES("5;a\rb\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"a line end in quotes", BYTES("5;a=\"\r\n0\r\n\r\n\"\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"an escaped line end in quotes", BYTES("5;a=\"\\\r\n\"\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"an escaped CR in quotes", BYTES("5;a=\"\\\r\"\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"more behind a quoted value", BYTES("5;a=\"b\"c\r\nhello\r\n0\r\n\r\n"), 400, NULL, 0},
    {"an extension of 256 bytes", BYTES("5;" X250 "ab\r\nhello\r\n0\r\n\r\n"), 0, "hello", 0},
    {"two of them", BYTES("1;" X250 "ab\r\nh\r\n1;" X250 "ab\r\ni\r\n0\r\n\r\n"), 0, "hi", 0},
    {"an extension of 257 bytes", BYTES("5;" X250 "abc\r\nhello\r\n0\r\n\r\n"), 431, NULL, 0},

    {"a trailer", BYTES("0\r\nX-Sum: a; b\r\n\r\nGET"), 0, "", 3},
    {"trailers like headers", BYTES("0\r\nContent-Lengthy: 5\r\nTransfer-Encodings: 1\r\nHost: x\r\n\r\n"), 0, "", 0},
    {"a length as trailer", BYTES("0\r\ncontent-LENGTH: 5\r\n\r\n"), 400, NULL, 0},
    {"a coding as second trailer", BYTES("0\r\nX: y\r\nTransfer-Encoding:\r\n\r\n"), 400, NULL, 0},
    {"an empty trailer", BYTES("0\r\nX:\r\n\r\n"), 0, "", 0},
    {"a trailer without colon", BYTES("0\r\nX\r\n\r\n"), 400, NULL, 0},
    {"a trailer without name", BYTES("0\r\n: x\r\n\r\n"), 400, NULL, 0},
    {"a trailer with a space before the colon", BYTES("0\r\nX : y\r\n\r\n"), 400, NULL, 0},
    {"a folded trailer", BYTES("0\r\nX: y\r\n z\r\n\r\n"), 400, NULL, 0},
    {"a trailer ended by LF", BYTES("0\r\nX: y\n\r\n"), 400, NULL, 0},
    {"a trailer with NUL", BYTES("0\r\nX: \0\r\n\r\n"), 400, NULL, 0},
    {"a request in place of trailers", BYTES("0\r\nGET / HTTP/1.1\r\n\r\n"), 400, NULL, 0},

    {"not yet complete", BYTES("5\r\nhello\r\n0\r\n\r"), 0, NULL, 0},
};

struct outcome {
	enum http_body_result result;
	uint16_t status;
	size_t used;
	size_t length;
	char payload[ROOM];
};

/* Gives bytes[length] to the decoder and adds what it finds; each call sees a buffer of exactly the bytes there are. */
static void give(struct http_body *body, struct outcome *outcome, const char *bytes, size_t length)
{
	char *copy = malloc(length > 0 ? length : 1);
	size_t used = 0;
	memcpy(copy, bytes, length);
	do {
		struct http_piece piece;
		outcome->result = http_body_next(body, copy + used, length - used, &piece);
		memcpy(outcome->payload + outcome->length, copy + used + piece.start, piece.length);
		outcome->length += piece.length;
		used += piece.used;
	} while (outcome->result == HTTP_BODY_DATA);
	outcome->used += used;
	outcome->status = outcome->result == HTTP_BODY_REFUSED ? body->refusal.status : 0;
	free(copy);
}

/* Pauses at `first` and then every `step` bytes. */
static void decode(struct outcome *outcome, const struct http_head *head, const char *bytes, size_t length,
                   size_t first, size_t step)
{
	struct http_body body;
	size_t begin = 0, end = first;
	memset(outcome, 0, sizeof *outcome);
	outcome->result = http_body_start(&body, head, LIMIT);
	outcome->status = body.refusal.status;
	while (outcome->result == HTTP_BODY_MORE) {
		give(&body, outcome, bytes + begin, end - begin);
		if (end == length)
			break;
		begin = end;
		end = length - end < step ? length : end + step;
	}
}

static bool same_outcome(const struct outcome *one, const struct outcome *other)
{
	if (one->result == HTTP_BODY_REFUSED)
		return other->result == HTTP_BODY_REFUSED && one->status == other->status;
	return one->result == other->result && one->used == other->used && one->length == other->length &&
	       memcmp(one->payload, other->payload, one->length) == 0;
}

static bool splits_agree(const struct http_head *head, const char *bytes, size_t length)
{
	static struct outcome whole, split;
	decode(&whole, head, bytes, length, length, 1);
	for (size_t first = 0; first <= length; first++) {
		decode(&split, head, bytes, length, first, length + 1);
		if (!same_outcome(&whole, &split))
			return false;
	}
	decode(&split, head, bytes, length, 0, 1);
	return same_outcome(&whole, &split);
}

static const struct http_head chunked = {.chunked = true};

static void test_chunks(void)
{
	static struct outcome outcome;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		decode(&outcome, &chunked, cases[i].bytes, cases[i].length, cases[i].length, 1);
		is_int(outcome.status, cases[i].status, "%s", cases[i].name);
		ok(splits_agree(&chunked, cases[i].bytes, cases[i].length), "%s: however it arrives", cases[i].name);
		if (cases[i].payload) {
			is_bytes(outcome.payload, outcome.length, cases[i].payload, strlen(cases[i].payload), "%s: payload",
			         cases[i].name);
			is_int((long long)(cases[i].length - outcome.used), (long long)cases[i].rest, "%s: rest", cases[i].name);
		}
		if (cases[i].status == 0)
			is_int(outcome.result, cases[i].payload ? HTTP_BODY_DONE : HTTP_BODY_MORE, "%s: end", cases[i].name);
	}
}

static void test_trailer_length(void)
{
	static struct outcome outcome;
	for (size_t length = HTTP_TRAILER_MAX - 1; length <= HTTP_TRAILER_MAX + 1; length++) {
		char bytes[HTTP_TRAILER_MAX + 16];
		memset(bytes, 'x', sizeof bytes);
		memcpy(bytes, "0\r\nX:", 5);
		memcpy(bytes + 3 + length - 4, "\r\n\r\n", 4);
		decode(&outcome, &chunked, bytes, 3 + length, 3 + length, 1);
		is_int(outcome.status, length <= HTTP_TRAILER_MAX ? 0 : 431, "trailers of %zu bytes", length);
		decode(&outcome, &chunked, bytes, 3 + length, 0, 1);
		is_int(outcome.status, length <= HTTP_TRAILER_MAX ? 0 : 431, "and a byte at a time");
	}
}

static void test_length(void)
{
	static struct outcome outcome;
	struct http_head head = {.has_content_length = true, .content_length = 5};
	decode(&outcome, &head, BYTES("helloGET"), 8, 1);
	is_int(outcome.result, HTTP_BODY_DONE, "a body of known length");
	is_bytes(outcome.payload, outcome.length, "hello", 5, "its payload");
	is_int((long long)outcome.used, 5, "what follows is not its own");
	ok(splits_agree(&head, BYTES("helloGET")), "however it arrives");
	ok(splits_agree(&head, BYTES("hell")), "and when its end does not");

	struct http_body body;
	struct http_piece piece;
	head.content_length = 0;
	is_int(http_body_start(&body, &head, LIMIT), HTTP_BODY_DONE, "a length of 0 is no body");
	is_int(http_body_next(&body, "GET", 3, &piece), HTTP_BODY_DONE, "and stays so");
	is_int((long long)piece.used, 0, "and takes nothing");
	head.content_length = LIMIT;
	is_int(http_body_start(&body, &head, LIMIT), HTTP_BODY_MORE, "a length of the limit");
	head.content_length = LIMIT + 1;
	is_int(http_body_start(&body, &head, LIMIT), HTTP_BODY_REFUSED, "a length over the limit is refused at once");
	is_int(body.refusal.status, 413, "with 413");
	is_int(http_body_next(&body, "GET", 3, &piece), HTTP_BODY_REFUSED, "and stays so");
	is_int((long long)(piece.used + piece.length), 0, "and takes nothing");
	head.content_length = UINT64_MAX;
	is_int(http_body_start(&body, &head, LIMIT), HTTP_BODY_REFUSED, "so is the largest number there is");
}

static void test_bit_flips(void)
{
	static const char sample[] = "5;a=\"b\"\r\nhello\r\n01\r\n!\r\n0\r\nX-Sum: y\r\n\r\n";
	char bytes[sizeof sample];
	size_t split = 0, ends = 0;
	static struct outcome outcome;

	memcpy(bytes, sample, sizeof sample);
	for (size_t bit = 0; bit < (sizeof sample - 1) * 8; bit++) {
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
		split += !splits_agree(&chunked, bytes, sizeof sample - 1);
		bytes[bit / 8] = sample[bit / 8];
	}
	is_int((long long)split, 0, "with any bit changed it is judged alike however it arrives");
	for (size_t length = 0; length < sizeof sample - 1; length++) {
		decode(&outcome, &chunked, sample, length, length, 1);
		ends += outcome.result != HTTP_BODY_MORE;
	}
	is_int((long long)ends, 0, "no beginning of a body is taken for a whole one");
}

int main(void)
{
	test_chunks();
	test_trailer_length();
	test_length();
	test_bit_flips();
	return tap_done();
}
