/*
 * Request heads of HTTP/1.1 (RFC 9110, RFC 9112): bytes in, verdict out.
 *
 * Default deny: what two readers could understand differently is refused, and
 * after a refusal nothing more on that connection can be trusted.  Lines end
 * in CRLF only, the target is a path (origin-form), there is exactly one Host,
 * at most one Content-Length and never one beside Transfer-Encoding, which is
 * "chunked" or nothing.  HTTP/1.0 is refused: it has no way to end a streamed
 * answer that a client could tell from a broken one.
 *
 * Pure: no allocation, no copies.  A head is described by offsets into the
 * caller's buffer, which may therefore move or grow between two calls.
 */
#ifndef EDGE_HTTP_PARSE_H
#define EDGE_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HTTP_HEAD_MAX = 65536, /* bytes; no head can be allowed to be longer, so that offsets fit 16 bits */
	HTTP_LINE_MAX = 8192   /* bytes of a request line, RFC 9112 section 3 */
};

/* Methods that somebody may be told about in an Allow header; any other token is HTTP_OTHER. */
enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS, HTTP_OTHER };

enum http_result {
	HTTP_MORE, /* so far so good */
	HTTP_DONE,
	HTTP_REFUSED /* see the refusal; answer it and close */
};

struct http_span {
	uint16_t start; /* offset from the head's first byte */
	uint16_t length;
};

struct http_header {
	struct http_span name;
	struct http_span value; /* without the white space around it */
};

struct http_refusal {
	uint16_t status;    /* HTTP */
	const char *reason; /* for the client; static */
};

struct http_head {
	/* What was found; valid after HTTP_DONE. */
	enum http_method method;
	struct http_span method_text;
	struct http_span target;     /* path and query, as sent */
	struct http_header *headers; /* the caller's array */
	uint16_t header_count;
	uint32_t length; /* bytes of the head; what follows is body */
	bool has_content_length;
	uint64_t content_length; /* 0 when there is none */
	bool chunked;
	bool expect_continue; /* the client waits for 100 before it sends a body */
	bool keep_alive;      /* the client would use the connection again */

	/* Why not; valid after HTTP_REFUSED. */
	struct http_refusal refusal;

	/* The parser's own. */
	uint32_t position; /* first byte not yet looked at */
	uint32_t line;     /* first byte of the line it belongs to */
	uint32_t head_max;
	uint16_t header_max;
	bool expects_line; /* still before the request line's end */
	bool blank_skipped;
	bool has_host;
};

/*
 * Begins a head of at most head_max bytes (<= HTTP_HEAD_MAX) and header_max
 * headers; headers[header_max] is the caller's and must stay where it is.
 */
void http_parse_start(struct http_head *head, struct http_header *headers, size_t header_max, size_t head_max);

/*
 * Looks at bytes[length], which is everything received from the head's first
 * byte on.  Each byte is looked at once, however many calls it takes.  After
 * HTTP_DONE or HTTP_REFUSED start again before the next call.
 */
enum http_result http_parse(struct http_head *head, const char *bytes, size_t length);

/*
 * The first header of that name (case ignored) behind `after`, NULL meaning
 * from the first on; NULL when there is none.  bytes is the head's buffer.
 */
const struct http_header *http_header_find(const struct http_head *head, const char *bytes, const char *name,
                                           const struct http_header *after);

/* Whether the span says `text`, ASCII case ignored. */
bool http_span_is(struct http_span span, const char *bytes, const char *text);

/* Whether the byte may stand in a token, RFC 9110 section 5.6.2. */
bool http_is_token_byte(unsigned char byte);

#endif
