/*
 * Takes that Redis decides, for all hosts alike: one round trip each.
 *
 * Who gets no slot waits here, in this host's own queue, and holds nothing in
 * Redis.  For whoever's turn it is Redis is asked again: when a lease of this
 * host is settled, when another's turn was good, and else every POOL_GUESS_MS.
 */
#ifndef LIMITERD_SHARED_H
#define LIMITERD_SHARED_H

#include "ask.h"
#include "history.h"

/* Ids of questions to history have this bit, so that limiter.c's are others. */
#define SHARED_QUESTION (UINT64_C(1) << 63)

struct shared_events {
	/* Redis has answered in time (reason NULL), or not, or refused.  False: it is not to be asked any more. */
	bool (*heard)(void *arg, const char *reason);
	/* It will not decide this take, which is as it was before shared_take(). */
	void (*undecided)(void *arg, struct take *take);
	/* The lease has been moved (done), or stays where it is. */
	void (*moved)(void *arg, const struct move *move, bool done);
	/* Redis will not decide this move. */
	void (*unmoved)(void *arg, struct move *move);
};

enum { SHARED_MOVES_MAX = 1024 }; /* at one time; beyond it none is made */

struct moving;
TAILQ_HEAD(shared_moves, moving);

struct shared {
	uint64_t lease_life, deadline; /* ms; for an answer */
	struct redis *redis;
	const struct shared_events *events;
	void *arg;
	struct targets *targets;
	struct accounts accounts; /* of those who wait: nothing is counted in them */
	struct pools pools;       /* who waits; slots are counted in Redis */
	struct history history;
	struct takes answered;
	struct asks asks;
	struct shared_moves moves; /* of which Redis is asked; earliest due first */
	unsigned move_count;
	uint64_t next_sweep; /* ms */
};

/* The targets are the caller's, and stay. */
void shared_init(struct shared *shared, uint64_t lease_life, uint64_t deadline, struct targets *targets);

/* Before the first take. */
void shared_open(struct shared *shared, struct redis *redis, const struct shared_events *events, void *arg);

/* Follows the models.json that its targets follow; before the first take, and after each target_follow(). */
void shared_follow(struct shared *shared, unsigned queue_max);

bool shared_knows(const struct shared *shared, uint64_t take_id);

/* As in limiter.h, but only while Redis is up; the time is the loop's. */
void shared_take(struct shared *shared, struct take *take);
struct take *shared_next(struct shared *shared);
void shared_cancel(struct shared *shared, uint64_t take_id);
void shared_edge_gone(struct shared *shared);
void shared_history(struct shared *shared, uint64_t question, uint64_t tokens);

/* The lease is in use.  Only while Redis is up. */
void shared_keep(struct shared *shared, const struct counted *lease);

/* What to say of an answer that is late.  Static. */
const char *shared_lateness(const struct shared *shared);

/* Takes back the oldest take that is not answered, as it was before shared_take(); NULL when there is none. */
struct take *shared_reclaim(struct shared *shared);

/* A lease with a slot of this upstream is being settled.  Only while Redis is up. */
void shared_released(struct shared *shared, const char *upstream);

/* As limiter_move(): one of moved() and unmoved() will say how it went.  Only while Redis is up. */
void shared_move(struct shared *shared, const struct move *move);

/* Redis decides none of the moves under way. */
void shared_leave_moves(struct shared *shared);

void shared_tick(struct shared *shared);
uint64_t shared_due(const struct shared *shared);

#endif
