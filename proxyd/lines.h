/*
 * Follows an answer that is lines of JSON, as Ollama's native API streams, on
 * its way to the client.
 *
 * Whole lines pass untouched.  The one being read is held back, so that a
 * client never sees half of one; a line longer than HOLD_MAX is let through.
 * A stream that ends without "done":true gets a line {"error":"..."}.
 */
#ifndef PROXYD_LINES_H
#define PROXYD_LINES_H

#include "sse.h"

/* Complete so that it can be embedded; its fields are lines.c's alone. */
struct lines {
	struct tally tally;
	const struct api_client *client;
	sse_emit *emit;
	void *arg;
	bool in_line;  /* some of the line being read has come */
	bool too_long; /* to be held */
	struct hold held;
};

/* To that client, who must outlive it.  Call lines_free() afterwards. */
void lines_start(struct lines *lines, const struct api_client *client, sse_emit *emit, void *arg);

/* The next bytes of the stream: emits what may go on. */
void lines_feed(struct lines *lines, const char *bytes, size_t length);

/* The stream has ended, well or because of `problem`, of which the client is told unless the stream was complete or
 * has told of an error itself.  Returns whether it was complete. */
bool lines_end(struct lines *lines, enum problem problem);

void lines_free(struct lines *lines);

#endif
