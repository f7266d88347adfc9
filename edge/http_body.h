/*
 * Request bodies of HTTP/1.1 (RFC 9112 sections 6 and 7): takes the framing
 * off a body of known length or in chunks.  Pure; payload is never copied.
 *
 * Chunk extensions and trailers are checked, bounded and dropped.  A trailer
 * that would say where a body ends (Content-Length, Transfer-Encoding) is
 * refused: a reader that joins trailers to headers would believe it.
 */
#ifndef EDGE_HTTP_BODY_H
#define EDGE_HTTP_BODY_H

#include "http_parse.h"

enum {
	HTTP_CHUNK_LINE_MAX = 256,   /* bytes of a chunk's size, extensions and CRLF */
	HTTP_TRAILER_NAME_KEPT = 18, /* one more than the longest name that is refused */
	HTTP_TRAILER_MAX = 4096      /* bytes of all trailer lines and the empty one behind them */
};

enum http_body_result {
	HTTP_BODY_MORE,   /* all bytes were taken and there must come more */
	HTTP_BODY_DATA,   /* the piece holds payload; call again for what is behind it */
	HTTP_BODY_DONE,   /* the body is complete; bytes behind piece.used are not its own */
	HTTP_BODY_REFUSED /* see the refusal; answer it and close */
};

/* What one call of http_body_next() made of bytes[length]. */
struct http_piece {
	size_t used;   /* bytes taken, payload included */
	size_t start;  /* of the payload within bytes */
	size_t length; /* of the payload; > 0 only with HTTP_BODY_DATA */
};

struct http_body {
	uint64_t received;           /* payload bytes handed out so far */
	struct http_refusal refusal; /* valid after HTTP_BODY_REFUSED */

	/* http_body.c's own. */
	uint64_t limit;
	uint64_t remaining; /* of the body, or of the chunk */
	uint32_t framing;   /* bytes of the chunk line, or of the trailers, so far */
	uint8_t state;
	uint8_t digits;
	uint8_t name_length; /* of the trailer's name, as far as it is kept */
	char name[HTTP_TRAILER_NAME_KEPT];
};

/*
 * Begins the body that the head announces, of at most `limit` payload bytes.
 * HTTP_BODY_DONE: there is none.  HTTP_BODY_REFUSED: its length is over the
 * limit (413), known before any of it was sent.  Else HTTP_BODY_MORE.
 */
enum http_body_result http_body_start(struct http_body *body, const struct http_head *head, uint64_t limit);

/*
 * Takes the next bytes; length may be 0.  Call until it says something else
 * than HTTP_BODY_DATA, each time with the bytes behind piece->used.  DONE and
 * REFUSED stay.  On REFUSED the piece is empty.
 */
enum http_body_result http_body_next(struct http_body *body, const char *bytes, size_t length,
                                     struct http_piece *piece);

#endif
