/*
 * What edge's parsers make of byte streams, for comparison with another
 * implementation.  Each line of standard input is a connection's bytes in
 * hexadecimal; each line of output a JSON object: the requests that were
 * complete, all text in hexadecimal, and how the reading ended ("more",
 * "close", or the status of a refusal).
 */
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../edge/http_body.h"

enum { HEADERS = 100, HEAD_MAX = 16384, BODY_MAX = 65536 };

static void print_hex(const char *bytes, size_t length)
{
	putchar('"');
	for (size_t i = 0; i < length; i++)
		printf("%02x", (unsigned char)bytes[i]);
	putchar('"');
}

static void print_span(const char *bytes, struct http_span span)
{
	print_hex(bytes + span.start, span.length);
}

static void print_request(const struct http_head *head, const char *bytes, const char *body, size_t length)
{
	printf("{\"method\":");
	print_span(bytes, head->method_text);
	printf(",\"target\":");
	print_span(bytes, head->target);
	printf(",\"headers\":[");
	for (size_t i = 0; i < head->header_count; i++) {
		printf(i > 0 ? "," : "");
		print_span(bytes, head->headers[i].name);
		putchar(',');
		print_span(bytes, head->headers[i].value);
	}
	printf("],\"body\":");
	print_hex(body, length);
	printf("}");
}

/* Collects the body behind a head; returns the bytes it took, and sets *result. */
static size_t read_body(const struct http_head *head, const char *bytes, size_t length, char *payload,
                        struct http_body *body, enum http_body_result *result)
{
	size_t used = 0;
	*result = http_body_start(body, head, BODY_MAX);
	while (*result == HTTP_BODY_MORE || *result == HTTP_BODY_DATA) {
		struct http_piece piece;
		size_t at = body->received;
		*result = http_body_next(body, bytes + used, length - used, &piece);
		memcpy(payload + at, bytes + used + piece.start, piece.length);
		used += piece.used;
		if (*result == HTTP_BODY_MORE)
			break;
	}
	return used;
}

/* Prints the request at the front of bytes and returns its length; 0 when it is the last, and *end then says why. */
static size_t dump_request(const char *bytes, size_t length, bool first, char *end, size_t end_size)
{
	static struct http_header headers[HEADERS];
	static char payload[BODY_MAX];
	struct http_head head;
	struct http_body body;
	enum http_body_result result;

	http_parse_start(&head, headers, HEADERS, HEAD_MAX);
	enum http_result parsed = http_parse(&head, bytes, length);
	snprintf(end, end_size, "more");
	if (parsed == HTTP_REFUSED)
		snprintf(end, end_size, "%u", (unsigned)head.refusal.status);
	if (parsed != HTTP_DONE)
		return 0;
	size_t used = head.length + read_body(&head, bytes + head.length, length - head.length, payload, &body, &result);
	if (result == HTTP_BODY_REFUSED)
		snprintf(end, end_size, "%u", (unsigned)body.refusal.status);
	if (result != HTTP_BODY_DONE)
		return 0;
	printf(first ? "" : ",");
	print_request(&head, bytes, payload, body.received);
	snprintf(end, end_size, "close");
	return head.keep_alive ? used : 0;
}

static void dump_connection(const char *bytes, size_t length)
{
	char end[16];
	size_t used, at = 0;
	printf("{\"requests\":[");
	while ((used = dump_request(bytes + at, length - at, at == 0, end, sizeof(end))) > 0)
		at += used;
	printf("],\"end\":\"%s\"}\n", end);
}

static bool dump_line(const char *line, size_t digits)
{
	size_t length;
	unsigned char *bytes = malloc(digits);
	bool good = sodium_hex2bin(bytes, digits, line, digits, "\n", &length, NULL) == 0;
	if (good)
		dump_connection((const char *)bytes, length);
	free(bytes);
	return good;
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t digits;
	bool good = true;
	while (good && (digits = getline(&line, &size, stdin)) > 0)
		good = dump_line(line, (size_t)digits);
	free(line);
	return good ? 0 : 1;
}
