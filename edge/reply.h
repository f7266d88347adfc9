/* The head of an answer, and whole answers that edge makes itself.  Pure but for the clock it is given. */
#ifndef EDGE_REPLY_H
#define EDGE_REPLY_H

#include "../proto/wire/apierror.h"
#include "../proto/wire/msg_stream.h"
#include "refusal.h"

enum {
	REPLY_HEAD_MAX = HEADER_BLOCK_MAX + 2048, /* bytes of a rendered head, NUL included */
	REPLY_MAX = REPLY_HEAD_MAX + API_ERROR_MAX,
	REPLY_DURATION_MAX = 24
};

struct reply {
	uint16_t status;
	const char *content_type; /* "": none */
	const char *headers;      /* more of them, as whole lines, or "" */
	bool streaming;           /* an event stream: nobody may buffer it */
	bool chunked;             /* else `length` is announced, if the status has a body */
	uint64_t length;
	bool close; /* the connection ends after this answer */
	enum wire_dialect dialect;
	uint8_t request_id[REQUEST_ID_SIZE];
	uint64_t processing_ms;      /* so far */
	uint64_t wall_ms;            /* now, since the epoch */
	struct limit_level requests; /* what the key has left; limit 0: not said */
	struct limit_level tokens;
};

/* Whether answers of this status never have a body (RFC 9110 section 6.4.1). */
bool reply_is_bodiless(uint16_t status);

/* Renders the head, empty line included, into text[size], size >= REPLY_HEAD_MAX.  Returns its length. */
size_t reply_head(const struct reply *reply, char *text, size_t size);

/*
 * Renders the head and, unless `head_only`, the body of a refusal into text[size], size >= REPLY_MAX.
 * Of *reply, what the refusal decides is set: status, content type, headers, length.  Returns the length.
 */
size_t reply_refusal(struct reply *reply, const struct refusal *refusal, bool head_only, char *text, size_t size);

/* Renders a time as Go prints durations, which OpenAI's clients expect: "114ms", "6m0s".  Returns text. */
const char *reply_duration(uint32_t ms, char text[REPLY_DURATION_MAX]);

#endif
