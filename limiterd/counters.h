/*
 * What all hosts count together in Redis: the calls, each one script and one
 * round trip.  What they do is in the .lua files; all times there are Redis's.
 */
#ifndef LIMITERD_COUNTERS_H
#define LIMITERD_COUNTERS_H

#include "redis.h"
#include "take.h"

enum { COUNTERS_KEYS_MAX = 80, COUNTERS_POOLS_MAX = 128 }; /* in an answer to counters_show() */
enum { COUNTERS_SLOTS_MAX = INT32_MAX };                   /* in use, in any other answer */

/* The scripts of redis_plan. */
enum { COUNTERS_SCRIPTS = 7 };
extern const char *const counters_scripts[COUNTERS_SCRIPTS];

/* What to say of an answer that makes no sense. */
#define COUNTERS_NONSENSE "Redis does not answer what it was asked"

/* What Redis must know of a lease to find it. */
struct counted {
	uint8_t id[LEASE_ID_SIZE];
	char key_id[KEY_ID_MAX + 1];
	char upstream[UPSTREAM_NAME_MAX + 1]; /* "": it has no slot */
	uint64_t tokens;
};

struct counted counters_lease(const struct lease *lease);

enum verdict {
	VERDICT_GIVEN,
	VERDICT_NO,
	VERDICT_WAIT,   /* for a slot */
	VERDICT_HISTORY /* what the budget has used must be asked for */
};

/* The answer to counters_take(). */
struct judgement {
	enum verdict verdict;
	uint64_t in_use; /* slots of the pool */
	struct limit_level requests, tokens;
	struct limit_deny deny;     /* why it is NO or WAIT */
	uint64_t since, count, era; /* HISTORY: since when, and what Redis has counted, to be said with it */
};

/* What history said for a judgement that asked. */
struct hearsay {
	uint64_t used, since, count, era;
};

/* The take is to have a slot of `slots`, unless that is 0.  hearsay NULL: history was not asked.
 * life: ms until the lease is given up.  The answer is for counters_read(). */
void counters_take(struct redis *redis, const struct take *take, unsigned slots, uint64_t life,
                   const struct hearsay *hearsay, redis_answer *answer, void *arg);

/* False when it makes no sense. */
bool counters_read(const redisReply *reply, struct judgement *judgement);

void counters_keep(struct redis *redis, const struct counted *lease, uint64_t life);
void counters_cancel(struct redis *redis, const struct counted *lease);
void counters_settle(struct redis *redis, const struct counted *lease, uint64_t used, bool charged,
                     redis_answer *answer, void *arg);

/* The lease is to have a slot of `slots` at another upstream instead.  The answer is for counters_read_exchange(). */
void counters_move(struct redis *redis, const struct move *move, unsigned slots, uint64_t life, redis_answer *answer,
                   void *arg);

struct exchange {
	bool done;       /* the lease has a slot there */
	bool freed;      /* and had another before, which is free now */
	uint64_t in_use; /* slots there */
};

/* False when it makes no sense. */
bool counters_read_exchange(const redisReply *reply, struct exchange *exchange);

/* Says that this host is here, and whether it has counted alone. */
void counters_join(struct redis *redis, bool counted_alone, redis_answer *answer, void *arg);

/* Asks what is in use: the answer is as show.lua has it, with the pools in their order. */
void counters_show(struct redis *redis, const struct pools *pools, redis_answer *answer, void *arg);

#endif
