/*
 * Where a request goes: to the target that was leased, there again after a
 * while, or on to the next target of its route.  It goes on for the reasons
 * that the route names, and never once the client has been told anything.
 */
#ifndef PROXYD_ATTEMPT_H
#define PROXYD_ATTEMPT_H

#include "../proto/daemon/loop.h"
#include "../proto/daemon/models.h"
#include "../proto/wire/msg_limit.h"
#include "problem.h"

struct proxyd;
struct stream;

struct attempt {
	const struct model *model; /* the route; NULL: the answer is our own */
	const char *name;          /* what the model is called in it */
	size_t target;             /* the one being asked, or for which a slot is */
	uint32_t tried;            /* targets that are given up, a bit each */
	unsigned repeats;          /* of that target, so far */
	bool moving;               /* limiterd is asked for a slot there */
	struct loop_timer again;   /* until it is asked again, or limiterd has had its time */
	enum problem problem;      /* of the last one; PROBLEM_NONE: its answer is kept */
};

/* The stream is over: it waits for nothing any more. */
void attempt_leave(struct stream *stream);

/* --- each may free the stream --- */

/* The stream's request is whole. */
void attempt_begin(struct stream *stream);

/*
 * The one under way has failed before the client was told anything.  cause: 0 for what is no reason to go on;
 * problem: PROBLEM_NONE when there is an answer to be told, if nobody gives a better one.
 */
void attempt_failed(struct stream *stream, unsigned cause, enum problem problem);

/* The frames of limiterd: WIRE_OK or the error with which to refuse.  An answer that nobody waits for any more says
 * nothing. */
enum wire_error attempt_moved(struct proxyd *proxyd, const struct wire_frame *frame);

/* limiterd refused the move of the stream with this id. */
void attempt_not_moved(struct proxyd *proxyd, uint64_t id);

/* limiterd will not answer. */
void attempt_lost(struct proxyd *proxyd);

#endif
