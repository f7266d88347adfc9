#include "shared.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "limiter.h"
#include "shared_private.h"

void shared_init(struct shared *shared, uint64_t lease_life, uint64_t deadline, struct targets *targets)
{
	memset(shared, 0, sizeof(*shared));
	shared->targets = targets;
	shared->lease_life = lease_life;
	shared->deadline = deadline;
	accounts_init(&shared->accounts);
	ask_init(&shared->asks);
	history_init(&shared->history);
	TAILQ_INIT(&shared->moves);
	shared->history.questions = SHARED_QUESTION;
	TAILQ_INIT(&shared->answered);
}

void shared_open(struct shared *shared, struct redis *redis, const struct shared_events *events, void *arg)
{
	shared->redis = redis;
	shared->events = events;
	shared->arg = arg;
}

bool shared_knows(const struct shared *shared, uint64_t take_id)
{
	return ask_find(&shared->asks, take_id) != NULL;
}

uint64_t shared_lease_span(const struct shared *shared)
{
	return shared->lease_life + LIMITER_SLACK_MS;
}

/* --- answers to edge --- */

static void give(struct shared *shared, struct ask *ask)
{
	struct take *take = ask_lease(&shared->asks, ask, loop_now() + shared_lease_span(shared));
	take->given = true;
	take->waited = (uint32_t)(loop_now() - take->began);
	take->lease.expires = loop_wall() + shared->lease_life;
	TAILQ_INSERT_TAIL(&shared->answered, take, place);
}

static void deny(struct shared *shared, struct take *take, struct limit_deny deny)
{
	if (take->ask)
		ask_withdraw(&shared->asks, take->ask);
	take->given = false;
	take->deny = deny;
	TAILQ_INSERT_TAIL(&shared->answered, take, place);
}

void shared_deny_slot(struct shared *shared, struct take *take)
{
	struct limit_deny full = {.reason = LIMIT_SLOTS, .retry_after_ms = ACCOUNT_RETRY_MS, .requested = 1};
	full.limit = full.used = take->pool->slots;
	deny(shared, take, full);
}

void shared_deny_now(struct shared *shared, struct take *take)
{
	deny(shared, take, (struct limit_deny){.reason = LIMIT_UNAVAILABLE, .retry_after_ms = ACCOUNT_RETRY_MS});
}

struct take *shared_next(struct shared *shared)
{
	struct take *take = TAILQ_FIRST(&shared->answered);
	if (take)
		TAILQ_REMOVE(&shared->answered, take, place);
	return take;
}

/* --- asking Redis --- */

static void answered(void *arg, const redisReply *reply, const char *error);

static void send(struct shared *shared, struct take *take, const struct hearsay *hearsay)
{
	const struct pool *pool = take->pool;
	bool others_wait = pool && pool->waiting > 0 && !take->ask->in_turn;
	ask_send(&shared->asks, take->ask, loop_now() + shared->deadline);
	counters_take(shared->redis, take, pool && !others_wait ? pool->slots : 0, shared_lease_span(shared), hearsay,
	              answered, take->ask);
}

/* How many slots are in use is known from Redis's last answers, and may be otherwise by now. */
static void choose(struct shared *shared, struct take *take)
{
	for (struct pool *pool = shared->pools.first; pool; pool = pool->next)
		pool_doubt(pool, loop_now());
	take->pool = target_choose(shared->targets, &shared->pools, &take->lease, &take->turn);
	take->ask->lease = counters_lease(&take->lease);
}

static void give_turn_back(struct shared *shared, struct take *take)
{
	target_return(shared->targets, &take->lease, &take->turn);
	take->turn = (struct turn){0};
}

/* Asks for whose turn it is, while there seems to be room. */
void shared_serve(struct shared *shared, struct pool *pool)
{
	struct pool_waiter *waiter;
	while ((waiter = pool_next(pool))) {
		struct take *take = take_of(waiter);
		take->ask->in_turn = true;
		send(shared, take, NULL);
	}
}

static void wait_for_slot(struct shared *shared, struct take *take)
{
	struct pool *pool = take->pool;
	struct pool_waiter *displaced = NULL;
	CHECK(pool); /* who needs no slot does not wait for one */
	uint64_t deadline = take->began + pool->acquire_timeout;
	bool joined = deadline > loop_now();
	if (joined && take->ask->in_turn)
		pool_return(pool, &take->account->party, &take->waiter);
	else if (joined)
		joined = pool_join(pool, &take->account->party, &take->waiter, deadline, &displaced);
	take->ask->in_turn = false;
	if (!joined)
		shared_deny_slot(shared, take);
	if (displaced)
		shared_deny_slot(shared, take_of(displaced));
}

/* There is no slot where it asked: once, it asks where there seems to be one. */
static void seek_slot(struct shared *shared, struct take *take)
{
	bool may_choose = !take->ask->in_turn && !take->ask->elsewhere && target_find(shared->targets, &take->lease);
	if (may_choose) {
		give_turn_back(shared, take);
		choose(shared, take);
		take->ask->elsewhere = pool_has_room(take->pool);
		if (take->ask->elsewhere) {
			send(shared, take, NULL);
			return;
		}
	}
	wait_for_slot(shared, take);
}

/* The account has the figures of its first question: what was counted since must not be missed. */
static void wait_for_history(struct shared *shared, struct take *take, const struct judgement *judgement)
{
	struct account *account = take->account;
	if (account->asking == 0) {
		account->budget = (struct budget){.start = judgement->since};
		account->count = judgement->count;
		account->era = judgement->era;
	}
	if (!history_wait(&shared->history, take))
		shared_deny_now(shared, take);
}

static void follow(struct shared *shared, struct ask *ask, const struct judgement *judgement)
{
	struct take *take = ask->take;
	struct pool *pool = take->pool;
	take->requests = judgement->requests;
	take->tokens = judgement->tokens;
	if (pool)
		pool_heard(pool, judgement->in_use, loop_now());
	switch (judgement->verdict) {
	case VERDICT_GIVEN:
		give(shared, ask);
		break;
	case VERDICT_NO:
		give_turn_back(shared, take);
		deny(shared, take, judgement->deny);
		break;
	case VERDICT_WAIT:
		seek_slot(shared, take);
		break;
	case VERDICT_HISTORY:
		give_turn_back(shared, take);
		wait_for_history(shared, take, judgement);
		break;
	}
	if (pool)
		shared_serve(shared, pool);
}

/* Takes back a take that is not answered. */
struct take *shared_withdraw(struct shared *shared, struct ask *ask)
{
	if (ask->take->waiter.line)
		pool_leave(&ask->take->waiter);
	else if (ask->state == ASK_WAITING)
		history_leave(&shared->history, ask->take);
	return ask_withdraw(&shared->asks, ask);
}

/* Whoever decides instead chooses anew. */
void shared_leave_undecided(struct shared *shared, struct take *take)
{
	give_turn_back(shared, take);
	shared->events->undecided(shared->arg, take);
}

/* A call that was refused is made once more: the scripts may have been forgotten, and are loaded by then. */
static void refused(struct shared *shared, struct ask *ask, const char *reason)
{
	if (ask->asked_again || !redis_is_up(shared->redis)) {
		struct take *take = ask_withdraw(&shared->asks, ask);
		shared->events->heard(shared->arg, reason);
		shared_leave_undecided(shared, take);
		return;
	}
	ask->asked_again = true;
	send(shared, ask->take, NULL);
}

/* Nobody waits for it any more; what it gave is returned. */
static void end_abandoned(const struct shared *shared, struct ask *ask, const struct judgement *judgement)
{
	if (judgement && judgement->verdict == VERDICT_GIVEN)
		counters_cancel(shared->redis, &ask->lease);
	free(ask);
}

static void answered(void *arg, const redisReply *reply, const char *error)
{
	struct judgement judgement;
	struct ask *ask = arg;
	struct shared *shared = ask->owner;
	bool good = reply && counters_read(reply, &judgement);
	if (ask->state == ASK_ABANDONED) {
		end_abandoned(shared, ask, good ? &judgement : NULL);
		return;
	}
	ask_answered(&shared->asks, ask);
	if (!good || (judgement.verdict == VERDICT_WAIT && !ask->take->pool)) {
		refused(shared, ask, reply ? COUNTERS_NONSENSE : error);
		return;
	}
	shared->events->heard(shared->arg, NULL);
	follow(shared, ask, &judgement);
}

/* --- takes --- */

void shared_follow(struct shared *shared, unsigned queue_max)
{
	pools_update(&shared->pools, shared->targets->models, queue_max);
	for (struct pool *pool = shared->pools.first; pool; pool = pool->next)
		shared_serve(shared, pool);
}

static void deny_model(struct shared *shared, struct take *take)
{
	deny(shared, take, (struct limit_deny){.reason = LIMIT_MODEL});
}

static bool add(struct shared *shared, struct take *take)
{
	const struct lease *lease = &take->lease;
	take->account = accounts_get(&shared->accounts, lease->key_id, lease->key_name, loop_now());
	return take->account && ask_add(&shared->asks, shared, take);
}

void shared_take(struct shared *shared, struct take *take)
{
	if (take->began == 0)
		take->began = loop_now();
	if (!target_find(shared->targets, &take->lease)) {
		deny_model(shared, take);
	} else if (add(shared, take)) {
		choose(shared, take);
		send(shared, take, NULL);
	} else {
		shared_deny_now(shared, take);
	}
}

struct take *shared_reclaim(struct shared *shared)
{
	struct ask *ask = TAILQ_FIRST(&shared->asks.open);
	return ask ? shared_withdraw(shared, ask) : NULL;
}

void shared_cancel(struct shared *shared, uint64_t take_id)
{
	struct ask *ask = ask_find(&shared->asks, take_id);
	if (!ask)
		return;
	if (ask->state != ASK_LEASED) {
		take_free(shared_withdraw(shared, ask));
		return;
	}
	if (redis_is_up(shared->redis))
		counters_cancel(shared->redis, &ask->lease);
	ask_forget(&shared->asks, ask);
}

void shared_edge_gone(struct shared *shared)
{
	struct take *take;
	while ((take = shared_reclaim(shared)))
		take_free(take);
	while (!TAILQ_EMPTY(&shared->asks.leased))
		ask_forget(&shared->asks, TAILQ_FIRST(&shared->asks.leased));
}

void shared_keep(struct shared *shared, const struct counted *lease)
{
	counters_keep(shared->redis, lease, shared_lease_span(shared));
}

void shared_released(struct shared *shared, const char *upstream)
{
	struct pool *pool = pools_find(&shared->pools, upstream);
	if (!pool)
		return;
	pool_freed(pool);
	shared_serve(shared, pool);
}

/* One answer that is late is no outage: who waits for a slot waits on.  The lease has another name, since Redis may
 * have given this one. */
bool shared_wait_on(struct shared *shared, struct take *take)
{
	randombytes_buf(take->lease.id, sizeof(take->lease.id));
	if (!add(shared, take))
		return false;
	take->pool = pools_find(&shared->pools, take->lease.upstream);
	take->ask->in_turn = true;
	wait_for_slot(shared, take);
	return true;
}

/* What upstreams there are may have changed meanwhile. */
void shared_history(struct shared *shared, uint64_t question, uint64_t tokens)
{
	struct account *account = history_asked(&shared->history, question);
	struct take *take;
	if (!account)
		return;
	account->question = 0;
	struct hearsay hearsay = {tokens, account->since, account->count, account->era};
	while ((take = history_next(&shared->history, account))) {
		if (!target_find(shared->targets, &take->lease)) {
			deny_model(shared, take);
			continue;
		}
		choose(shared, take);
		send(shared, take, &hearsay);
	}
}
