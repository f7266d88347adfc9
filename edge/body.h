/*
 * A request's body while it arrives: framing taken off, JSON or form judged
 * byte by byte, kept whole until it has gone to proxyd.  What all bodies hold
 * together is bounded by HEIMGATE_BODY_TOTAL, and one key's by a share of it.
 */
#ifndef EDGE_BODY_H
#define EDGE_BODY_H

#include "../proto/daemon/conf.h"
#include "../proto/wire/form.h"
#include "../proto/wire/json.h"
#include "buffer.h"
#include "estimate.h"
#include "http_body.h"
#include "refusal.h"

/* Zero-initialised means: none expected. */
struct body {
	const struct wire_route_info *route; /* NULL: it is of no use */
	struct buffer kept;
	const char *key_id;  /* whose it is */
	struct share *share; /* what is kept counts there; NULL: nothing is */
	struct http_body framing;
	uint64_t announced; /* its length in bytes, or 0 when it comes in chunks */
	bool complete;      /* its last byte has come: what follows is another request */
	union {
		struct json_scan json; /* if the route takes JSON */
		struct form form;      /* if it takes a form */
	} scan;
};

enum body_result {
	BODY_MORE,
	BODY_DONE,
	BODY_REFUSED /* the refusal says why */
};

void body_init(const struct conf_edge *conf);

/* Says what it must be: what the route takes; a form of that boundary. */
void body_expect(struct body *body, const struct wire_route_info *route, const char *boundary);

/* Begins the body that the head announces.  It counts as the key's, whose id must outlive it. */
enum body_result body_start(struct body *body, const struct http_head *head, const char *key_id,
                            struct refusal *refusal);

/* Takes the next bytes; *used says how many were its own. */
enum body_result body_feed(struct body *body, const char *bytes, size_t length, size_t *used, struct refusal *refusal);

/* Of a body that is done: the model asked for, into model[MODEL_NAME_MAX + 1], which stays as it is when the route has
 * none there.  False: refused. */
bool body_model(const struct body *body, char *model, struct refusal *refusal);

/* Of a body that is done: what decides its cost. */
struct estimate body_estimate(const struct body *body);

/* Whether a body that is done asks for a stream. */
bool body_asks_stream(const struct body *body);

/* Gives the memory of what was kept back. */
void body_free(struct body *body);

#endif
