/*
 * Follows a model server's event stream (the text/event-stream of the HTML
 * standard) on its way to the client.
 *
 * Bytes pass untouched and at once.  Only when the usage chunk is to be
 * stripped is the event being read held back until it is known not to be that
 * chunk; one longer than HOLD_MAX is let through.  Works for every way in
 * which the stream can be cut into pieces.
 *
 * A stream that ends without the event that its dialect ends with gets an
 * error event, because the common clients take a truncated stream for a
 * complete one; so does a line "error: ...", which clients do not see.
 */
#ifndef PROXYD_SSE_H
#define PROXYD_SSE_H

#include "hold.h"
#include "problem.h"
#include "tally.h"

/* Takes bytes for the client; they are valid until it returns. */
typedef void sse_emit(void *arg, const char *bytes, size_t length);

/* Complete so that it can be embedded; its fields are sse.c's alone. */
struct sse {
	struct tally tally;
	const struct api_client *client;
	sse_emit *emit;
	void *arg;
	bool strip; /* drop the chunk that has nothing but usage */

	/* The line being read. */
	uint8_t field; /* enum field */
	bool after_cr; /* a LF belongs to the line end before it */
	uint8_t name_length;
	uint8_t head_length;
	char name[6]; /* of the field */
	char head[7]; /* first bytes of its value */

	/* The event being read. */
	bool in_event;    /* some of it was seen */
	bool has_data;    /* and some of that was data */
	bool hides_error; /* it has a line "error: ..." */
	bool too_long;    /* to be held */
	bool stripped;    /* the event before it was */
	struct hold held;
};

/* For a stream of that shape to that client, who must outlive it.  Call sse_free() afterwards. */
void sse_start(struct sse *sse, const struct api_client *client, bool strip, sse_emit *emit, void *arg);

/* The next bytes of the stream: emits what may go on. */
void sse_feed(struct sse *sse, const char *bytes, size_t length);

/*
 * The stream has ended, well or because of `problem`.  Emits what was held back, and the problem as an
 * error event unless the stream was complete or has told of an error itself.
 * Returns whether it was complete: its last event came and no error.
 */
bool sse_end(struct sse *sse, enum problem problem);

void sse_free(struct sse *sse);

#endif
