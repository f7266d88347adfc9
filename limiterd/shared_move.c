#include <stdlib.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "shared_private.h"

struct moving {
	struct shared *shared;
	struct move move;
	bool asked_again; /* it was refused, and asked once more */
	bool abandoned;   /* it is in no list, and the answer's to free() */
	uint64_t due;     /* ms: when the answer is late */
	TAILQ_ENTRY(moving) place;
};

static void answered(void *arg, const redisReply *reply, const char *error);

/* Whoever waits there comes before it. */
static void send(struct moving *moving)
{
	struct shared *shared = moving->shared;
	const struct pool *pool = pools_find(&shared->pools, moving->move.upstream);
	unsigned slots = pool && pool->waiting == 0 ? pool->slots : 0;
	moving->due = loop_now() + shared->deadline;
	TAILQ_INSERT_TAIL(&shared->moves, moving, place);
	shared->move_count++;
	counters_move(shared->redis, &moving->move, slots, shared_lease_span(shared), answered, moving);
}

static void unlist(struct moving *moving)
{
	TAILQ_REMOVE(&moving->shared->moves, moving, place);
	moving->shared->move_count--;
}

void shared_move(struct shared *shared, const struct move *move)
{
	if (shared->move_count >= SHARED_MOVES_MAX) {
		shared->events->moved(shared->arg, move, false);
		return;
	}
	struct moving *moving = malloc(sizeof(*moving));
	CHECK(moving);
	*moving = (struct moving){.shared = shared, .move = *move};
	send(moving);
}

static void follow(struct moving *moving, const struct exchange *exchange)
{
	struct shared *shared = moving->shared;
	struct pool *pool = pools_find(&shared->pools, moving->move.upstream);
	if (exchange->freed)
		shared_released(shared, moving->move.lease.upstream);
	if (exchange->done)
		target_moved(&moving->move, loop_wall() + shared->lease_life);
	shared->events->moved(shared->arg, &moving->move, exchange->done);
	if (!pool)
		return;
	pool_heard(pool, exchange->in_use, loop_now());
	shared_serve(shared, pool);
}

/* As with takes, a call that was refused is made once more. */
static void refused(struct moving *moving, const char *reason)
{
	struct shared *shared = moving->shared;
	if (!moving->asked_again && redis_is_up(shared->redis)) {
		moving->asked_again = true;
		send(moving);
		return;
	}
	shared->events->heard(shared->arg, reason);
	shared->events->unmoved(shared->arg, &moving->move);
	free(moving);
}

static void answered(void *arg, const redisReply *reply, const char *error)
{
	struct moving *moving = arg;
	struct shared *shared = moving->shared;
	struct exchange exchange;
	if (moving->abandoned) {
		free(moving);
		return;
	}
	unlist(moving);
	if (!reply || !counters_read_exchange(reply, &exchange)) {
		refused(moving, reply ? COUNTERS_NONSENSE : error);
		return;
	}
	shared->events->heard(shared->arg, NULL);
	follow(moving, &exchange);
	free(moving);
}

/* What Redis does with it all the same it counts until the lease is settled. */
static void abandon(struct moving *moving)
{
	unlist(moving);
	moving->abandoned = true;
	moving->shared->events->unmoved(moving->shared->arg, &moving->move);
}

void shared_leave_moves(struct shared *shared)
{
	while (!TAILQ_EMPTY(&shared->moves))
		abandon(TAILQ_FIRST(&shared->moves));
}

void shared_end_late_moves(struct shared *shared)
{
	struct moving *moving;
	while ((moving = TAILQ_FIRST(&shared->moves)) && moving->due <= loop_now()) {
		abandon(moving);
		shared->events->heard(shared->arg, shared_lateness(shared));
	}
}

uint64_t shared_moves_due(const struct shared *shared)
{
	const struct moving *moving = TAILQ_FIRST(&shared->moves);
	return moving ? moving->due : UINT64_MAX;
}
