/* The request head parser: what it accepts, what it refuses, and that neither depends on how the bytes arrive. */
#include <stdio.h>
#include <string.h>

#include "../tap/tap.h"
#include "http_properties.h"

/* A string literal and its length, NULs inside included. */
#define BYTES(text) text, sizeof(text) - 1
#define HOST "Host: gate\r\n"
#define GET_LINE "GET / HTTP/1.1\r\n"
#define POST_LINE "POST /v1/completions HTTP/1.1\r\n" HOST

static const struct {
	const char *name;
	const char *bytes;
	size_t length;
	uint16_t status; /* 0: accepted */
} cases[] = {
	{"a plain request", BYTES(GET_LINE HOST "\r\n"), 0},
	{"bytes behind the head", BYTES(GET_LINE HOST "\r\nGET /next HTTP/1.1\r\n"), 0},
	{"one empty line in front", BYTES("\r\n" GET_LINE HOST "\r\n"), 0},
	{"two empty lines in front", BYTES("\r\n\r\n" GET_LINE HOST "\r\n"), 400},
	{"a bare LF in front", BYTES("\n" GET_LINE HOST "\r\n"), 400},

	{"an unknown method", BYTES("BREW / HTTP/1.1\r\n" HOST "\r\n"), 0},
	{"an empty method", BYTES(" / HTTP/1.1\r\n" HOST "\r\n"), 400},
	{"a method that is no token", BYTES("G(T / HTTP/1.1\r\n" HOST "\r\n"), 400},
	{"two spaces before the target", BYTES("GET  / HTTP/1.1\r\n" HOST "\r\n"), 400},
	{"two spaces before the version", BYTES("GET /  HTTP/1.1\r\n" HOST "\r\n"), 400},
	{"a tab before the target", BYTES("GET\t/ HTTP/1.1\r\n" HOST "\r\n"), 400},
	{"a space after the version", BYTES("GET / HTTP/1.1 \r\n" HOST "\r\n"), 400},
	{"a space before the method", BYTES(" GET / HTTP/1.1\r\n" HOST "\r\n"), 400},
	{"no version", BYTES("GET /\r\n" HOST "\r\n"), 400},
	{"HTTP/1.0", BYTES("GET / HTTP/1.0\r\n" HOST "\r\n"), 505},
	{"HTTP/1.2", BYTES("GET / HTTP/1.2\r\n" HOST "\r\n"), 505},
	{"the preface of HTTP/2", BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505},
	{"a version in lower case", BYTES("GET / http/1.1\r\n" HOST "\r\n"), 400},
	{"a version of two digits", BYTES("GET / HTTP/1.10\r\n" HOST "\r\n"), 400},
	{"another protocol", BYTES("GET / ICAP/1.1\r\n" HOST "\r\n"), 400},
	{"a TLS greeting", BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), 400},

	{"a target with query", BYTES("GET /a?b=c&d=%20 HTTP/1.1\r\n" HOST "\r\n"), 0},
	{"an asterisk", BYTES("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), 400},
	{"an absolute target", BYTES("GET http://gate/ HTTP/1.1\r\n" HOST "\r\n"), 400},
	{"an authority", BYTES("CONNECT gate:443 HTTP/1.1\r\n" HOST "\r\n"), 400},
	{"a fragment", BYTES("GET /a#b HTTP/1.1\r\n" HOST "\r\n"), 400},
	{"a target with UTF-8", BYTES("GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n"), 400},
	{"a target with NUL", BYTES("GET /a\0b HTTP/1.1\r\n" HOST "\r\n"), 400},
	{"a target with DEL", BYTES("GET /a\x7f HTTP/1.1\r\n" HOST "\r\n"), 400},
	{"a target with a tab", BYTES("GET /a\tb HTTP/1.1\r\n" HOST "\r\n"), 400},

	{"no Host", BYTES(GET_LINE "\r\n"), 400},
	{"two Hosts", BYTES(GET_LINE HOST HOST "\r\n"), 400},
	{"an empty Host", BYTES(GET_LINE "Host:\r\n\r\n"), 400},
	{"a Host of a path", BYTES(GET_LINE "Host: gate/path\r\n\r\n"), 400},
	{"a Host with a user", BYTES(GET_LINE "Host: user@gate\r\n\r\n"), 400},
	{"a Host with a space", BYTES(GET_LINE "Host: gate other\r\n\r\n"), 400},
	{"a Host in IPv6", BYTES(GET_LINE "Host: [::1]:8010\r\n\r\n"), 0},

	{"a bare LF after the request line", BYTES("GET / HTTP/1.1\n" HOST "\r\n"), 400},
	{"a bare LF after a header", BYTES(GET_LINE "Host: gate\n\r\n"), 400},
	{"a bare LF at the end", BYTES(GET_LINE HOST "\n"), 400},
	{"a bare CR in a value", BYTES(GET_LINE HOST "X: a\rb\r\n\r\n"), 400},
	{"a bare CR at the end", BYTES(GET_LINE HOST "\r\r\n"), 400},
	{"a bare CR after the request line", BYTES("GET / HTTP/1.1\r" HOST "\r\n"), 400},
	{"a folded header", BYTES(GET_LINE HOST "X: a\r\n b\r\n\r\n"), 400},
	{"a header folded with a tab", BYTES(GET_LINE HOST "X: a\r\n\tb\r\n\r\n"), 400},
	{"a space before the first header", BYTES(GET_LINE " " HOST "\r\n"), 400},
	{"a line of one space", BYTES(GET_LINE HOST " \r\n\r\n"), 400},
	{"a space before the colon", BYTES(GET_LINE HOST "X : a\r\n\r\n"), 400},
	{"a tab before the colon", BYTES(GET_LINE HOST "X\t: a\r\n\r\n"), 400},
	{"a header without colon", BYTES(GET_LINE HOST "X\r\n\r\n"), 400},
	{"a header without name", BYTES(GET_LINE HOST ": a\r\n\r\n"), 400},
	{"a name that is no token", BYTES(GET_LINE HOST "X(Y): a\r\n\r\n"), 400},
	{"a name with UTF-8", BYTES(GET_LINE HOST "X\xc3\xa9: a\r\n\r\n"), 400},
	{"a name with NUL", BYTES(GET_LINE HOST "X\0Y: a\r\n\r\n"), 400},
	{"a value with NUL", BYTES(GET_LINE HOST "X: a\0b\r\n\r\n"), 400},
	{"a value with an escape character", BYTES(GET_LINE HOST "X: a\x1b[0m\r\n\r\n"), 400},
	{"a value with DEL", BYTES(GET_LINE HOST "X: a\x7f\r\n\r\n"), 400},
	{"a value with a tab", BYTES(GET_LINE HOST "X: a\tb\r\n\r\n"), 0},
	{"a value with UTF-8", BYTES(GET_LINE HOST "X: \xc3\xa9\r\n\r\n"), 0},
	{"an empty value", BYTES(GET_LINE HOST "X:\r\nY: \t \r\n\r\n"), 0},
	{"every token character", BYTES(GET_LINE HOST "!#$%&'*+-.^_`|~09azAZ: a\r\n\r\n"), 0},

	{"a length", BYTES(POST_LINE "Content-Length: 5\r\n\r\nhello"), 0},
	{"a length of 64 bits", BYTES(POST_LINE "Content-Length: 18446744073709551615\r\n\r\n"), 0},
	{"a length of 65 bits", BYTES(POST_LINE "Content-Length: 18446744073709551616\r\n\r\n"), 400},
	{"a length of thirty digits", BYTES(POST_LINE "Content-Length: 999999999999999999999999999999\r\n\r\n"), 400},
	{"an empty length", BYTES(POST_LINE "Content-Length:\r\n\r\n"), 400},
	{"a length with a sign", BYTES(POST_LINE "Content-Length: +1\r\n\r\n"), 400},
	{"a negative length", BYTES(POST_LINE "Content-Length: -1\r\n\r\n"), 400},
	{"a length in hexadecimal", BYTES(POST_LINE "Content-Length: 0x5\r\n\r\n"), 400},
	{"a length with a space", BYTES(POST_LINE "Content-Length: 1 2\r\n\r\n"), 400},
	{"a length with a fraction", BYTES(POST_LINE "Content-Length: 1.0\r\n\r\n"), 400},
	{"a list of lengths", BYTES(POST_LINE "Content-Length: 5, 5\r\n\r\n"), 400},
	{"two lengths that differ", BYTES(POST_LINE "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), 400},
	{"two lengths that agree", BYTES(POST_LINE "Content-Length: 5\r\ncontent-length: 5\r\n\r\n"), 400},

	{"chunked", BYTES(POST_LINE "Transfer-Encoding: chunked\r\n\r\n"), 0},
	{"chunked in capitals", BYTES(POST_LINE "TRANSFER-ENCODING: \t CHUNKED \t\r\n\r\n"), 0},
	{"CL.TE", BYTES(POST_LINE "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG"), 400},
	{"TE.CL", BYTES(POST_LINE "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\nG\r\n0\r\n\r\n"), 400},
	{"TE with a length of 0", BYTES(POST_LINE "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"), 400},
	{"TE behind a space", BYTES(POST_LINE "Transfer-Encoding : chunked\r\n\r\n"), 400},
	{"TE folded", BYTES(POST_LINE "Transfer-Encoding:\r\n chunked\r\n\r\n"), 501},
	{"TE hidden behind a bare LF", BYTES(POST_LINE "X: y\nTransfer-Encoding: chunked\r\n\r\n"), 400},
	{"TE hidden behind a vertical tab",
     BYTES(POST_LINE "Transfer-Encoding: \x0b"
                     "chunked\r\n\r\n"),
     400},
	{"TE of something else", BYTES(POST_LINE "Transfer-Encoding: xchunked\r\n\r\n"), 501},
	{"TE identity", BYTES(POST_LINE "Transfer-Encoding: identity\r\n\r\n"), 501},
	{"TE gzip, chunked", BYTES(POST_LINE "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501},
	{"TE chunked twice in a list", BYTES(POST_LINE "Transfer-Encoding: chunked, chunked\r\n\r\n"), 501},
	{"TE chunked and a comma", BYTES(POST_LINE "Transfer-Encoding: chunked,\r\n\r\n"), 501},
	{"TE chunked in quotes", BYTES(POST_LINE "Transfer-Encoding: \"chunked\"\r\n\r\n"), 501},
	{"TE with a parameter", BYTES(POST_LINE "Transfer-Encoding: chunked;q=1\r\n\r\n"), 501},
	{"TE empty", BYTES(POST_LINE "Transfer-Encoding:\r\n\r\n"), 501},
	{"TE twice", BYTES(POST_LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
	{"TE chunked, then identity", BYTES(POST_LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"),
     400},

	{"Expect", BYTES(POST_LINE "Content-Length: 1\r\nExpect: 100-Continue\r\n\r\n"), 0},
	{"another Expect", BYTES(POST_LINE "Content-Length: 1\r\nExpect: 200-ok\r\n\r\n"), 417},
	{"Connection of odd bytes", BYTES(GET_LINE HOST "Connection: close;\r\n\r\n"), 400},
	{"Connection with empty elements", BYTES(GET_LINE HOST "Connection: , ,close,\r\n\r\n"), 0},
};

static int status_of(const struct fed_head *fed)
{
	if (fed->result == HTTP_REFUSED)
		return fed->head.refusal.status;
	return fed->result == HTTP_DONE ? 0 : -1;
}

/* Feeds all at once. */
static void feed(struct fed_head *fed, const char *bytes, size_t length)
{
	http_feed_head(fed, bytes, length, (struct arrival){.first = length, .step = 1});
}

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fed_head fed;
		feed(&fed, cases[i].bytes, cases[i].length);
		is_int(status_of(&fed), cases[i].status, "%s", cases[i].name);
		is_text(http_splits_broken(NULL, cases[i].bytes, cases[i].length), NULL, "%s: however it arrives",
		        cases[i].name);
	}
}

static const char sample[] = "\r\nPOST /v1/chat/completions?x=1 HTTP/1.1\r\n"
							 "host: gate:8010\r\n"
							 "Content-Type:application/json\r\n"
							 "X-Empty: \t\r\n"
							 "x-odd:  a \t b  \r\n"
							 "X-Odd: again\r\n"
							 "Expect: 100-continue\r\n"
							 "Connection: Keep-Alive, Upgrade\r\n"
							 "Content-Length: 0012\r\n"
							 "\r\n";

static void is_span(struct http_span span, const char *bytes, const char *wanted, const char *name)
{
	is_bytes(bytes + span.start, span.length, wanted, strlen(wanted), "%s", name);
}

static void test_sample(void)
{
	struct http_header headers[FEED_HEADERS];
	struct http_head head;
	http_parse_start(&head, headers, FEED_HEADERS, FEED_HEAD_MAX);
	is_int(http_parse(&head, sample, sizeof(sample) - 1), HTTP_DONE, "a sample request is accepted");
	is_int(head.method, HTTP_POST, "its method");
	is_span(head.method_text, sample, "POST", "its method as text");
	is_span(head.target, sample, "/v1/chat/completions?x=1", "its target");
	is_int(head.length, sizeof(sample) - 1, "its length");
	is_int(head.header_count, 8, "its headers are counted");
	ok(head.has_content_length && head.content_length == 12 && !head.chunked, "its body's length");
	ok(head.expect_continue, "it waits for 100");
	ok(head.keep_alive, "it would keep the connection");

	const struct http_header *odd = http_header_find(&head, sample, "X-Odd", NULL);
	is_span(odd->value, sample, "a \t b", "a value without the space around it");
	odd = http_header_find(&head, sample, "X-Odd", odd);
	is_span(odd->value, sample, "again", "the second header of a name");
	ok(http_header_find(&head, sample, "X-Odd", odd) == NULL, "there is no third");
	ok(http_header_find(&head, sample, "X-Od", NULL) == NULL, "part of a name is not found");
	is_int(http_header_find(&head, sample, "X-Empty", NULL)->value.length, 0, "an empty value");
}

static void test_flags(void)
{
	struct fed_head fed;
	feed(&fed, BYTES(GET_LINE HOST "Connection: keep-alive\r\nConnection: x, Close\r\n\r\n"));
	ok(!fed.head.keep_alive, "close wins, whatever else Connection says");
	feed(&fed, BYTES(GET_LINE HOST "Expect: 100-continue\r\n\r\n"));
	ok(!fed.head.expect_continue, "without a body nobody waits for 100");
	feed(&fed, BYTES(GET_LINE HOST "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"));
	ok(fed.head.expect_continue && fed.head.chunked, "with chunks somebody may");
	feed(&fed, BYTES("get / HTTP/1.1\r\n" HOST "\r\n"));
	is_int(fed.head.method, HTTP_OTHER, "methods are told apart by case");
	feed(&fed, BYTES(GET_LINE HOST " a: b\r\n"));
	is_text(fed.head.refusal.reason, "a header is folded", "a refusal says why");
}

static void test_truncation(void)
{
	struct fed_head fed;
	size_t wrong = 0;
	for (size_t length = 0; length < sizeof(sample) - 1; length++) {
		feed(&fed, sample, length);
		wrong += fed.result != HTTP_MORE;
	}
	is_int((long long)wrong, 0, "no beginning of a head is taken for a whole one");
}

static void test_bit_flips(void)
{
	char bytes[sizeof(sample)];
	const char *broken = NULL;

	memcpy(bytes, sample, sizeof(sample));
	for (size_t bit = 0; !broken && bit < (sizeof(sample) - 1) * 8; bit++) {
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
		broken = http_splits_broken(NULL, bytes, sizeof(sample) - 1);
		bytes[bit / 8] = sample[bit / 8];
	}
	is_text(broken, NULL, "with any bit changed, what is accepted is sound however it arrives");
}

static void test_head_length(size_t head_max)
{
	static char bytes[HTTP_HEAD_MAX + 2];
	for (size_t length = head_max - 1; length <= head_max + 1; length++) {
		struct fed_head fed;
		size_t filled = length - strlen(GET_LINE HOST "X: \r\n\r\n");
		snprintf(bytes, sizeof(bytes), GET_LINE HOST "X: %0*d\r\n\r\n", (int)filled, 0);
		http_parse_start(&fed.head, fed.headers, FEED_HEADERS, head_max);
		fed.result = http_parse(&fed.head, bytes, length);
		is_int(status_of(&fed), length <= head_max ? 0 : 431, "%zu bytes where %zu are allowed", length, head_max);
		if (fed.result == HTTP_DONE)
			is_int(fed.headers[1].value.length, (long long)filled, "and all are found");
	}
}

static void test_line_length(void)
{
	for (size_t length = HTTP_LINE_MAX - 1; length <= HTTP_LINE_MAX + 1; length++) {
		struct fed_head fed;
		char bytes[HTTP_LINE_MAX + 64];
		int filled = (int)(length - strlen("GET / HTTP/1.1"));
		size_t total = (size_t)snprintf(bytes, sizeof(bytes), "GET /%0*d HTTP/1.1\r\n" HOST "\r\n", filled, 0);
		feed(&fed, bytes, total);
		is_int(status_of(&fed), length <= HTTP_LINE_MAX ? 0 : 414, "a request line of %zu bytes", length);
		is_text(http_head_broken(bytes, total, (struct arrival){.first = 0, .step = 1}), NULL, "and a byte at a time");
	}
}

static void test_endless(void)
{
	static const char line[] = GET_LINE;
	struct fed_head fed;
	char bytes[FEED_HEAD_MAX];
	memset(bytes, 'x', sizeof(bytes));
	feed(&fed, bytes, sizeof(bytes));
	is_int(status_of(&fed), 414, "a method without end");
	memcpy(bytes, line, sizeof(line) - 1);
	feed(&fed, bytes, sizeof(bytes) - 1);
	is_int(fed.result, HTTP_MORE, "a header's name may yet end");
	feed(&fed, bytes, sizeof(bytes));
	is_int(status_of(&fed), 431, "a name without end");
}

static void test_header_count(void)
{
	for (size_t count = FEED_HEADERS - 1; count <= FEED_HEADERS + 1; count++) {
		struct fed_head fed;
		char bytes[1024];
		size_t length = (size_t)snprintf(bytes, sizeof(bytes), GET_LINE HOST);
		for (size_t i = 1; i < count; i++)
			length += (size_t)snprintf(bytes + length, sizeof(bytes) - length, "X: y\r\n");
		length += (size_t)snprintf(bytes + length, sizeof(bytes) - length, "\r\n");
		feed(&fed, bytes, length);
		is_int(status_of(&fed), count <= FEED_HEADERS ? 0 : 431, "%zu headers where %d are allowed", count,
		       FEED_HEADERS);
	}
}

/* Lines once taken are overwritten: a parser that looked at them again would refuse the control characters. */
static void test_no_second_look(void)
{
	struct fed_head fed = {.result = HTTP_MORE};
	char bytes[sizeof(sample)];
	size_t behind = 0, length = 0;

	memcpy(bytes, sample, sizeof(sample));
	http_parse_start(&fed.head, fed.headers, FEED_HEADERS, FEED_HEAD_MAX);
	while (fed.result == HTTP_MORE && length < sizeof(sample) - 1) {
		fed.result = http_parse(&fed.head, bytes, ++length);
		behind += fed.head.position + 1 < length;
		memset(bytes, '\0', fed.head.line);
	}
	is_int(fed.result, HTTP_DONE, "a line that was taken is not looked at again");
	is_int((long long)behind, 0, "and every byte is looked at when it comes");
}

int main(void)
{
	test_cases();
	test_sample();
	test_flags();
	test_truncation();
	test_bit_flips();
	test_head_length(1024);
	test_head_length(HTTP_HEAD_MAX);
	test_line_length();
	test_endless();
	test_header_count();
	test_no_second_look();
	return tap_done();
}
