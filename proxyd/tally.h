/*
 * Keeps the tally of an answer: what it says that it used, how much of it has
 * come, and whether it is complete.  Told every JSON object of it, be that
 * the whole answer, the data of an event, or a line.
 */
#ifndef PROXYD_TALLY_H
#define PROXYD_TALLY_H

#include "../proto/wire/json.h"
#include "../proto/wire/route.h"

/* Complete so that it can be embedded. */
struct tally {
	enum wire_shape shape;
	bool counted; /* the tokens are the server's own last word */
	uint64_t tokens_in;
	uint64_t tokens_out;
	uint64_t objects;      /* so far */
	uint64_t chunks;       /* of them with content */
	bool done;             /* the answer has said that it is complete */
	bool failed;           /* or that it is not, so that the client knows */
	bool troubled;         /* it has told of an error that only some clients take for its end */
	struct json_scan json; /* of the object being read; tally.c's alone */
};

/* What an object was. */
enum tally_object {
	TALLY_NO_JSON,
	TALLY_CUT, /* JSON that stops too early */
	TALLY_SEEN,
	TALLY_USAGE /* a chunk that has nothing but usage */
};

void tally_start(struct tally *tally, enum wire_shape shape);

/* An object begins; its next bytes; it is over. */
void tally_object_start(struct tally *tally);
void tally_feed(struct tally *tally, const char *bytes, size_t length);
enum tally_object tally_object_end(struct tally *tally);

#endif
