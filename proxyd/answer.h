/* The answer half of a stream: what the upstream sends, on its way to the client. */
#ifndef PROXYD_ANSWER_H
#define PROXYD_ANSWER_H

#include "problem.h"

struct stream;

enum {
	ANSWER_KEPT_MAX = 4 * 1024 * 1024, /* bytes of a model list; errors are cut earlier */
	ANSWER_SHORT_MAX = 16 * 1024       /* bytes of JSON that are held back until all have come */
};

/* Asks the stream's upstream at this URL, with its body unless `body` is NULL.  May free the stream. */
void answer_ask(struct stream *stream, const char *url, const char *body);

/* Leaves the exchange under way, if there is one. */
void answer_leave(struct stream *stream);

/* Tells the client the error that an upstream answered, which is kept.  May free the stream. */
void answer_tell(struct stream *stream);

/* Ends a stream of events or lines, with that problem unless it was complete.  Returns whether it was. */
bool answer_end(struct stream *stream, enum problem problem);

/* Gives back what the answer holds. */
void answer_free(struct stream *stream);

#endif
