/* The body decoder: what it accepts, what it refuses, and that neither depends on how the bytes arrive. */
#include <stdio.h>
#include <string.h>

#include "../tap/tap.h"
#include "http_properties.h"

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

static const struct http_head chunked = {.chunked = true};

/* Feeds all at once. */
static void feed(struct fed_body *fed, const struct http_head *head, const char *bytes, size_t length)
{
	http_feed_body(fed, head, FEED_BODY_LIMIT, bytes, length, (struct arrival){.first = length, .step = 1});
}

static void test_chunks(void)
{
	static struct fed_body fed;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *name = cases[i].name;
		feed(&fed, &chunked, cases[i].bytes, cases[i].length);
		is_int(fed.status, cases[i].status, "%s", name);
		is_text(http_splits_broken(&chunked, cases[i].bytes, cases[i].length), NULL, "%s: however it arrives", name);
		if (cases[i].payload) {
			is_int(fed.result, HTTP_BODY_DONE, "%s: its end", name);
			is_bytes(fed.payload, fed.length, cases[i].payload, strlen(cases[i].payload), "%s: its payload", name);
			is_int((long long)(cases[i].length - fed.used), (long long)cases[i].rest, "%s: the rest", name);
		} else if (cases[i].status == 0) {
			is_int(fed.result, HTTP_BODY_MORE, "%s: no end", name);
		}
	}
}

static void test_trailer_length(void)
{
	static struct fed_body fed;
	for (size_t length = HTTP_TRAILER_MAX - 1; length <= HTTP_TRAILER_MAX + 1; length++) {
		char bytes[HTTP_TRAILER_MAX + 16];
		int filled = (int)(length - strlen("X:\r\n\r\n"));
		size_t total = (size_t)snprintf(bytes, sizeof(bytes), "0\r\nX:%0*d\r\n\r\n", filled, 0);
		feed(&fed, &chunked, bytes, total);
		is_int(fed.status, length <= HTTP_TRAILER_MAX ? 0 : 431, "trailers of %zu bytes", length);
		is_text(http_body_broken(&chunked, FEED_BODY_LIMIT, bytes, total, (struct arrival){.first = 0, .step = 1}),
		        NULL, "and a byte at a time");
	}
}

static void test_length(void)
{
	static struct fed_body fed;
	struct http_head head = {.has_content_length = true, .content_length = 5};
	feed(&fed, &head, BYTES("helloGET"));
	is_int(fed.result, HTTP_BODY_DONE, "a body of known length");
	is_bytes(fed.payload, fed.length, "hello", 5, "its payload");
	is_int((long long)fed.used, 5, "what follows is not its own");
	is_text(http_splits_broken(&head, BYTES("helloGET")), NULL, "however it arrives");
	is_text(http_splits_broken(&head, BYTES("hell")), NULL, "and when its end does not");
}

static void test_start(void)
{
	struct http_head head = {.has_content_length = true};
	struct http_body body;
	struct http_piece piece;
	is_int(http_body_start(&body, &head, FEED_BODY_LIMIT), HTTP_BODY_DONE, "a length of 0 is no body");
	is_int(http_body_next(&body, "GET", 3, &piece), HTTP_BODY_DONE, "and stays so");
	is_int((long long)piece.used, 0, "and takes nothing");
	head.content_length = FEED_BODY_LIMIT;
	is_int(http_body_start(&body, &head, FEED_BODY_LIMIT), HTTP_BODY_MORE, "a length of the limit");
	head.content_length = FEED_BODY_LIMIT + 1;
	is_int(http_body_start(&body, &head, FEED_BODY_LIMIT), HTTP_BODY_REFUSED, "a length over it is refused at once");
	is_int(body.refusal.status, 413, "with 413");
	is_int(http_body_next(&body, "GET", 3, &piece), HTTP_BODY_REFUSED, "and stays so");
	is_int((long long)(piece.used + piece.length), 0, "and takes nothing");
	head.content_length = UINT64_MAX;
	is_int(http_body_start(&body, &head, FEED_BODY_LIMIT), HTTP_BODY_REFUSED, "so is the largest number there is");
}

static const char sample[] = "5;a=\"b\"\r\nhello\r\n01\r\n!\r\n0\r\nX-Sum: y\r\n\r\n";

static void test_bit_flips(void)
{
	char bytes[sizeof(sample)];
	const char *broken = NULL;

	memcpy(bytes, sample, sizeof(sample));
	for (size_t bit = 0; !broken && bit < (sizeof(sample) - 1) * 8; bit++) {
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
		broken = http_splits_broken(&chunked, bytes, sizeof(sample) - 1);
		bytes[bit / 8] = sample[bit / 8];
	}
	is_text(broken, NULL, "with any bit changed it is judged alike however it arrives");
}

static void test_truncation(void)
{
	static struct fed_body fed;
	size_t wrong = 0;
	for (size_t length = 0; length < sizeof(sample) - 1; length++) {
		feed(&fed, &chunked, sample, length);
		wrong += fed.result != HTTP_BODY_MORE;
	}
	is_int((long long)wrong, 0, "no beginning of a body is taken for a whole one");
}

int main(void)
{
	test_chunks();
	test_trailer_length();
	test_length();
	test_start();
	test_bit_flips();
	test_truncation();
	return tap_done();
}
