/*
 * The body of a request as it arrives: whether it is what its route takes and
 * names the model that was leased, and the few bytes that are changed in it.
 */
#ifndef PROXYD_REQUEST_H
#define PROXYD_REQUEST_H

#include "../proto/wire/form.h"
#include "../proto/wire/stamp.h"
#include "problem.h"
#include "splice.h"

struct request {
	const struct wire_route_info *route;
	union {
		struct json_scan json;
		struct form form;
	} scan;
};

/* `passed`: lines of the client's head, of which a form's boundary comes.  False: they have none. */
bool request_start(struct request *request, const struct wire_route_info *route, struct wire_bytes passed);

void request_feed(struct request *request, const char *bytes, size_t length);

/* No more bytes: what is wrong with it, as a request for that model. */
enum problem request_judge(struct request *request, const char *model);

/* Of a good one, whose bytes are body[length]: whether a key with that scope may send its images. */
enum problem request_judge_images(const struct request *request, const char *body, size_t length,
                                  const struct scope *scope);

/* Of a good one: whether it asks for an event stream and its client can read nothing else; whether that is one of chat
 * chunks, and whether the usage is asked for in it. */
bool request_wants_events(const struct request *request);
bool request_wants_chunks(const struct request *request);
bool request_wants_usage(const struct request *request);

/* What is changed for one target. */
struct change {
	const char *model; /* the name to put in; NULL: the client's stays */
	bool usage;        /* ask for the usage */
	const struct target *target;
	char text[SPLICE_NAME_ROOM]; /* for request_edit() */
};

/* Adds the edits for that to `edits`, which must not outlive `change`.  body[length]: of the request.  False when a
 * member that is to be changed is ambiguous. */
bool request_edit(const struct request *request, const char *body, size_t length, struct change *change,
                  struct edits *edits);

#endif
