#include "../../proxyd/head.h"

#include <string.h>

#include "../tap/tap.h"

/* Feeds the lines of a head, each with its CRLF. */
static struct head read_head(const char *text)
{
	struct head head;
	head_start(&head);
	for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1)
		head_line(&head, text, (size_t)(end + 1 - text));
	return head;
}

static void plain(void)
{
	struct head head = read_head("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length:  28 \r\n\r\n");
	ok(head.complete, "complete");
	is_int(head.status, 200, "status");
	is_text(head.content_type, "application/json", "content type");
	ok(head.length_known, "length is known");
	is_int((long long)head.length, 28, "length");
	ok(!head.encoded && !head_is(&head, "text/event-stream"), "neither encoded nor a stream");
	head_line(&head, "Content-Length: 5\r\n", 19);
	is_int((long long)head.length, 28, "a trailer field changes nothing");
}

static void lengths_and_chunks(void)
{
	struct head head = read_head("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n");
	ok(head.complete && !head.length_known, "chunks override a length before them");
	head = read_head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n");
	ok(head.complete && !head.length_known, "and one behind them");
}

static void interim(void)
{
	struct head head = read_head("HTTP/1.1 100 Continue\r\nRetry-After: 9\r\n\r\n");
	ok(!head.complete, "100 is not the answer");
	head = read_head("HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\nHTTP/1.1 204 No\r\n\r\n");
	ok(head.complete && head.status == 204, "what follows is");
	is_text(head.retry, "", "and has no header of the interim one");
}

static void streams(void)
{
	struct head head = read_head("HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\n\r\n");
	ok(head_is(&head, "text/event-stream"), "an event stream, with parameters and in any case");
	head = read_head("HTTP/1.1 200 OK\r\nContent-Type: text/event-streams\r\n\r\n");
	ok(!head_is(&head, "text/event-stream"), "a longer type is not");
	head = read_head("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
	ok(head.encoded, "gzip is noticed");
	head = read_head("HTTP/1.1 200 OK\r\nContent-Encoding: Identity\r\n\r\n");
	ok(!head.encoded, "identity is fine");
}

static void errors(void)
{
	struct head head =
		read_head("HTTP/1.1 503 Busy\r\nRETRY-AFTER: 7\r\nX-Should-Retry: true\r\nSet-Cookie: a=b\r\n\r\n");
	is_text(head.retry, "retry-after: 7\r\nx-should-retry: true\r\n", "what concerns a retry is kept, nothing else");
	head = read_head("HTTP/1.1 503 Busy\r\nRetry-After: 7\rX-Evil: 1\r\nnonsense\r\n: x\r\nContent-Length: -4\r\n\r\n");
	is_text(head.retry, "", "a bare CR inside a value is not passed on");
	ok(!head.length_known, "nor is a negative length believed");
	head = read_head("HTTP/1.1 2x0 OK\r\n\r\n");
	ok(!head.complete, "a status that is none");
}

int main(void)
{
	plain();
	lengths_and_chunks();
	interim();
	streams();
	errors();
	return tap_done();
}
