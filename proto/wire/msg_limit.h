/* Messages between edge and limiterd, proxyd and limiterd. */
#ifndef WIRE_MSG_LIMIT_H
#define WIRE_MSG_LIMIT_H

#include "stamp.h"

enum {
	OFFER_MAX = 48 * 1024,
	REQUEST_TOKENS_MAX = 1000 * 1000 * 1000 /* no request costs more, whatever it is said to cost */
};

struct limit_take {
	struct wire_bytes grant; /* sealed; at most GRANT_MAX */
	uint8_t request_id[REQUEST_ID_SIZE];
	enum wire_route route;
	char model[MODEL_NAME_MAX + 1]; /* "" for model lists */
	uint64_t tokens;                /* estimated cost */
};

/* What a caller is told in x-ratelimit-* headers.  limit 0: the key has no such limit. */
struct limit_level {
	uint64_t limit;
	uint64_t remaining;
	uint32_t reset_ms; /* until full again */
};

struct limit_lease {
	struct limit_level requests;
	struct limit_level tokens;
	uint32_t waited_ms;      /* for a slot */
	struct wire_bytes lease; /* sealed; at most LEASE_MAX */
};

enum limit_reason {
	LIMIT_REQUESTS,    /* requests per minute */
	LIMIT_TOKENS,      /* tokens per minute */
	LIMIT_CONCURRENCY, /* requests of this key at one time */
	LIMIT_BUDGET,      /* tokens per day or month */
	LIMIT_SLOTS,       /* no upstream slot in time */
	LIMIT_MODEL,       /* the key may not use this model, or there is none */
	LIMIT_GRANT,       /* the grant is forged, altered or out of its time */
	LIMIT_UNAVAILABLE, /* the limiter cannot tell now */
	LIMIT_REASON_LAST = LIMIT_UNAVAILABLE
};

struct limit_deny {
	enum limit_reason reason;
	uint32_t retry_after_ms; /* 0: retrying does not help */
	uint64_t limit;          /* of the limit that refused */
	uint64_t used;
	uint64_t requested;
	struct limit_level requests;
	struct limit_level tokens;
};

struct limit_settle {
	struct wire_bytes lease; /* sealed, as it was opened */
	uint64_t tokens;         /* really used, in and out */
	bool charged;            /* false: the upstream was never asked; refund all */
};

struct limit_upstream {
	char name[UPSTREAM_NAME_MAX + 1];
	bool available; /* false: give it no work as long as a route has another target */
};

struct limit_pool {
	char name[UPSTREAM_NAME_MAX + 1];
	uint32_t slots, in_use;
	uint32_t waiting; /* callers */
};

struct limit_offer {
	char name[UPSTREAM_NAME_MAX + 1];
	struct wire_bytes models; /* names, newline between; at most OFFER_MAX */
};

struct limit_move {
	struct wire_bytes lease;              /* sealed */
	uint8_t target;                       /* where it goes on: index in the model's route, */
	char upstream[UPSTREAM_NAME_MAX + 1]; /* which is this one's */
};

struct limit_moved {
	struct wire_bytes lease; /* sealed anew, the same id; empty: there is no slot */
};

/* LIMIT_KEEP's body is one sealed lease; LIMIT_CANCEL and LIMIT_SETTLED have none. */

void limit_take_encode(struct wire_out *out, const struct limit_take *take);
enum wire_error limit_take_decode(struct wire_in *in, struct limit_take *take);

void limit_lease_encode(struct wire_out *out, const struct limit_lease *lease);
enum wire_error limit_lease_decode(struct wire_in *in, struct limit_lease *lease);

void limit_deny_encode(struct wire_out *out, const struct limit_deny *deny);
enum wire_error limit_deny_decode(struct wire_in *in, struct limit_deny *deny);

void limit_settle_encode(struct wire_out *out, const struct limit_settle *settle);
enum wire_error limit_settle_decode(struct wire_in *in, struct limit_settle *settle);

void limit_upstream_encode(struct wire_out *out, const struct limit_upstream *upstream);
enum wire_error limit_upstream_decode(struct wire_in *in, struct limit_upstream *upstream);

void limit_pool_encode(struct wire_out *out, const struct limit_pool *pool);
enum wire_error limit_pool_decode(struct wire_in *in, struct limit_pool *pool);

void limit_offer_encode(struct wire_out *out, const struct limit_offer *offer);
enum wire_error limit_offer_decode(struct wire_in *in, struct limit_offer *offer);

void limit_move_encode(struct wire_out *out, const struct limit_move *move);
enum wire_error limit_move_decode(struct wire_in *in, struct limit_move *move);

void limit_moved_encode(struct wire_out *out, const struct limit_moved *moved);
enum wire_error limit_moved_decode(struct wire_in *in, struct limit_moved *moved);

#endif
