/*
 * Messages of a stream between edge and proxyd: one request and its answer.
 * The frame id names the stream.  BODY and DATA frames are bare bytes.
 *
 * Either side may have WIRE_STREAM_WINDOW bytes of payload on the way; each
 * CREDIT allows that many more.  The bytes in OPEN count.
 */
#ifndef WIRE_MSG_STREAM_H
#define WIRE_MSG_STREAM_H

#include "stamp.h"

enum {
	CLIENT_ADDRESS_MAX = 45, /* printed IPv6, RFC 4291 */
	CONTENT_TYPE_MAX = 128,
	HEADER_BLOCK_MAX = 4096,
	PASSED_MAX = 2048,
	ERROR_CODE_MAX = 48
};

struct stream_open {
	struct wire_bytes lease; /* sealed; at most LEASE_MAX */
	char client[CLIENT_ADDRESS_MAX + 1];
	struct wire_bytes passed; /* "Name: value\r\n" lines of the client's for the upstream; at most PASSED_MAX */
	uint64_t body_length;     /* of the whole request body, in bytes */
	struct wire_bytes body;   /* its first bytes; at most WIRE_CHUNK_MAX */
};

struct stream_head {
	uint16_t status;                         /* HTTP, 200 to 599 */
	bool streaming;                          /* events or lines: not to be buffered on the way */
	char content_type[CONTENT_TYPE_MAX + 1]; /* "": none */
	char headers[HEADER_BLOCK_MAX + 1];      /* "Name: value\r\n" lines to be passed on, or "" */
	bool length_known;
	uint64_t length; /* of the whole answer, when known */
};

enum stream_end {
	STREAM_COMPLETE, /* the upstream ended as its protocol says */
	STREAM_CUT,      /* it did not; an error was put into the answer if there was room */
	STREAM_ABORTED,  /* nothing more can be said to this client: close its connection */
	STREAM_END_LAST = STREAM_ABORTED
};

struct stream_trailer {
	enum stream_end end;
	uint64_t tokens_in;
	uint64_t tokens_out;
	uint32_t upstream_us;          /* waiting for the upstream's first byte */
	char code[ERROR_CODE_MAX + 1]; /* of the error answered, or "" */
};

struct stream_credit {
	uint32_t bytes;
};

void stream_open_encode(struct wire_out *out, const struct stream_open *open);
enum wire_error stream_open_decode(struct wire_in *in, struct stream_open *open);

void stream_head_encode(struct wire_out *out, const struct stream_head *head);
enum wire_error stream_head_decode(struct wire_in *in, struct stream_head *head);

void stream_trailer_encode(struct wire_out *out, const struct stream_trailer *trailer);
enum wire_error stream_trailer_decode(struct wire_in *in, struct stream_trailer *trailer);

void stream_credit_encode(struct wire_out *out, const struct stream_credit *credit);
enum wire_error stream_credit_decode(struct wire_in *in, struct stream_credit *credit);

#endif
