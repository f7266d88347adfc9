#include "limiter.h"

#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"

void limiter_init(struct limiter *limiter, uint64_t lease_life, struct targets *targets)
{
	memset(limiter, 0, sizeof(*limiter));
	limiter->targets = targets;
	limiter->lease_life = lease_life;
	limiter->era = 1;
	accounts_init(&limiter->accounts);
	ledger_init(&limiter->ledger);
	history_init(&limiter->history);
	TAILQ_INIT(&limiter->answered);
}

struct take *limiter_next(struct limiter *limiter)
{
	struct take *take = TAILQ_FIRST(&limiter->answered);
	if (take)
		TAILQ_REMOVE(&limiter->answered, take, place);
	return take;
}

bool limiter_knows(const struct limiter *limiter, uint64_t take_id)
{
	return ledger_find_take(&limiter->ledger, take_id, limiter->era) != NULL;
}

static uint64_t due_at(const struct limiter *limiter, struct instant at)
{
	return at.now + limiter->lease_life + LIMITER_SLACK_MS;
}

/* --- answers --- */

static void give(struct limiter *limiter, struct take *take, struct instant at)
{
	struct ledger_row *row = take->row;
	take->given = true;
	take->waited = (uint32_t)(at.now - take->began);
	take->lease.expires = at.wall + limiter->lease_life;
	account_levels(take->account, at.now, &take->requests, &take->tokens);
	row->take = NULL;
	row->pool = take->pool;
	row->tokens = take->lease.tokens;
	ledger_lease(&limiter->ledger, row, LEDGER_GIVEN, due_at(limiter, at));
	TAILQ_INSERT_TAIL(&limiter->answered, take, place);
}

/* With take->deny filled in, and nothing held any more. */
static void deny(struct limiter *limiter, struct take *take, struct instant at)
{
	take->given = false;
	if (take->account)
		account_levels(take->account, at.now, &take->requests, &take->tokens);
	if (take->row)
		ledger_remove(&limiter->ledger, take->row);
	take->row = NULL;
	TAILQ_INSERT_TAIL(&limiter->answered, take, place);
}

static void deny_for(struct limiter *limiter, struct take *take, enum limit_reason reason, uint32_t retry_after_ms,
                     struct instant at)
{
	take->deny = (struct limit_deny){.reason = reason, .retry_after_ms = retry_after_ms};
	deny(limiter, take, at);
}

void limiter_refuse(struct limiter *limiter, struct take *take, struct instant at)
{
	deny_for(limiter, take, LIMIT_UNAVAILABLE, ACCOUNT_RETRY_MS, at);
}

/* Returns what the take held in the queue, or would have. */
static void deny_slot(struct limiter *limiter, struct take *take, struct instant at)
{
	const struct pool *pool = take->pool;
	account_return(take->account, take->lease.tokens, at);
	take->deny = (struct limit_deny){.reason = LIMIT_SLOTS,
	                                 .retry_after_ms = ACCOUNT_RETRY_MS,
	                                 .limit = pool->slots,
	                                 .used = pool->in_use,
	                                 .requested = 1};
	deny(limiter, take, at);
}

static void serve(struct limiter *limiter, struct pool *pool, struct instant at)
{
	struct pool_waiter *waiter;
	while ((waiter = pool_next(pool)))
		give(limiter, take_of(waiter), at);
}

void limiter_follow(struct limiter *limiter, unsigned queue_max, struct instant at)
{
	pools_update(&limiter->pools, limiter->targets->models, queue_max);
	for (struct pool *pool = limiter->pools.first; pool; pool = pool->next)
		serve(limiter, pool, at);
}

/* --- takes --- */

static bool join_queue(struct limiter *limiter, struct take *take, struct instant at)
{
	struct pool *pool = take->pool;
	struct pool_waiter *displaced;
	if (!pool_join(pool, &take->account->party, &take->waiter, take->began + pool->acquire_timeout, &displaced))
		return false;
	if (displaced)
		deny_slot(limiter, take_of(displaced), at);
	return true;
}

/* Only who is admitted has a turn at the targets. */
static void decide(struct limiter *limiter, struct take *take, struct instant at)
{
	if (!account_admit(take->account, take->lease.tokens, at, &take->deny)) {
		deny(limiter, take, at);
		return;
	}
	take->pool = target_choose(limiter->targets, &limiter->pools, &take->lease, &take->turn);
	if (!take->pool || pool_take(take->pool))
		give(limiter, take, at);
	else if (!join_queue(limiter, take, at))
		deny_slot(limiter, take, at);
}

void limiter_take(struct limiter *limiter, struct take *take, const struct limits *limits, struct instant at)
{
	struct lease *lease = &take->lease;
	if (take->began == 0)
		take->began = at.now;
	if (!target_find(limiter->targets, lease)) {
		deny_for(limiter, take, LIMIT_MODEL, 0, at);
		return;
	}
	take->account = accounts_get(&limiter->accounts, lease->key_id, lease->key_name, at.now);
	if (take->account)
		take->row = ledger_add(&limiter->ledger, lease->id, take->id, limiter->era);
	if (!take->row) {
		limiter_refuse(limiter, take, at);
		return;
	}
	take->row->take = take;
	take->row->account = take->account;
	account_set_limits(take->account, limits, lease->generation, at);
	if (lease->tokens == 0 || !account_needs_history(take->account, at))
		decide(limiter, take, at);
	else if (!history_wait(&limiter->history, take))
		limiter_refuse(limiter, take, at);
}

/* The take is then as it was before anybody decided, but for the time that it has waited. */
static struct take *withdraw(struct limiter *limiter, struct take *take, struct instant at)
{
	if (take->waiter.line) {
		pool_leave(&take->waiter);
		account_return(take->account, take->lease.tokens, at);
	} else {
		history_leave(&limiter->history, take);
	}
	ledger_remove(&limiter->ledger, take->row);
	take->row = NULL;
	take->account = NULL;
	take->pool = NULL;
	return take;
}

struct take *limiter_reclaim(struct limiter *limiter, struct instant at)
{
	const struct ledger_row *row = TAILQ_FIRST(&limiter->ledger.waiting);
	return row ? withdraw(limiter, row->take, at) : NULL;
}

/* --- leases --- */

static void end_lease(struct limiter *limiter, struct ledger_row *row, enum ledger_state state, struct instant at)
{
	struct pool *pool = row->pool;
	ledger_finish(&limiter->ledger, row, state);
	if (!pool)
		return;
	pool_release(pool);
	serve(limiter, pool, at);
}

static void drop(struct limiter *limiter, struct ledger_row *row, struct instant at)
{
	if (row->state == LEDGER_KEPT) {
		account_settle(row->account, row->tokens, row->tokens, at);
	} else {
		/* The request stays counted: edge may hold the lease still, and would have it for nothing. */
		account_settle(row->account, row->tokens, 0, at);
		row->tokens = 0;
	}
	end_lease(limiter, row, LEDGER_DROPPED, at);
}

void limiter_cancel(struct limiter *limiter, uint64_t take_id, struct instant at)
{
	struct ledger_row *row = ledger_find_take(&limiter->ledger, take_id, limiter->era);
	if (row && row->state == LEDGER_WAITING)
		take_free(withdraw(limiter, row->take, at));
	else if (row && row->state == LEDGER_GIVEN)
		drop(limiter, row, at);
}

void limiter_edge_gone(struct limiter *limiter, struct instant at)
{
	struct take *take;
	while ((take = limiter_reclaim(limiter, at)))
		take_free(take);
	limiter->era++;
}

/* Counts a lease again that was given before a restart, or given up. */
static bool take_up(struct limiter *limiter, struct ledger_row *row, const struct lease *lease, struct instant at)
{
	struct account *account = accounts_get(&limiter->accounts, lease->key_id, lease->key_name, at.now);
	if (!account)
		return false;
	if (row->state == LEDGER_DROPPED)
		account_uncharge(account, row->tokens, at);
	account_adopt(account, lease->tokens, at);
	row->account = account;
	row->tokens = lease->tokens;
	row->pool = lease->upstream[0] != '\0' ? pools_find(&limiter->pools, lease->upstream) : NULL;
	if (row->pool)
		pool_adopt(row->pool);
	ledger_lease(&limiter->ledger, row, LEDGER_KEPT, due_at(limiter, at));
	return true;
}

/* The row of a lease that proxyd speaks of; NULL when there is no room for it. */
static struct ledger_row *row_of(struct limiter *limiter, const struct lease *lease, struct instant at)
{
	struct ledger_row *row = ledger_find(&limiter->ledger, lease->id);
	if (row && row->state != LEDGER_DROPPED)
		return row;
	struct ledger_row *known = row;
	if (!row)
		row = ledger_adopt(&limiter->ledger, lease->id);
	if (!row || take_up(limiter, row, lease, at))
		return row;
	if (!known)
		ledger_remove(&limiter->ledger, row);
	return NULL;
}

enum wire_error limiter_keep(struct limiter *limiter, const struct lease *lease, struct instant at)
{
	struct ledger_row *row = row_of(limiter, lease, at);
	if (!row)
		return WIRE_BUSY;
	if (row->state != LEDGER_SETTLED)
		ledger_lease(&limiter->ledger, row, LEDGER_KEPT, due_at(limiter, at));
	return WIRE_OK;
}

enum wire_error limiter_settle(struct limiter *limiter, const struct lease *lease, uint64_t used, bool charged,
                               struct instant at)
{
	struct ledger_row *row = row_of(limiter, lease, at);
	if (!row)
		return WIRE_BUSY;
	if (row->state == LEDGER_SETTLED)
		return WIRE_OK;
	if (charged)
		account_settle(row->account, row->tokens, used < BUCKET_COST_MAX ? used : BUCKET_COST_MAX, at);
	else
		account_return(row->account, row->tokens, at);
	end_lease(limiter, row, LEDGER_SETTLED, at);
	return WIRE_OK;
}

static void exchange(struct limiter *limiter, struct ledger_row *row, struct pool *pool, struct instant at)
{
	struct pool *left = row->pool;
	row->pool = pool;
	ledger_lease(&limiter->ledger, row, LEDGER_KEPT, due_at(limiter, at));
	if (!left || left == pool)
		return;
	pool_release(left);
	serve(limiter, left, at);
}

/* Redis may have been asked before, and the upstream taken out of models.json meanwhile. */
bool limiter_move(struct limiter *limiter, struct move *move, struct instant at)
{
	struct ledger_row *row = ledger_find(&limiter->ledger, move->lease.id);
	struct pool *pool = pools_find(&limiter->pools, move->upstream);
	if (!row)
		row = row_of(limiter, &move->lease, at);
	if (!row || !pool || (row->state != LEDGER_GIVEN && row->state != LEDGER_KEPT))
		return false;
	if (row->pool != pool && !pool_take(pool))
		return false;
	exchange(limiter, row, pool, at);
	target_moved(move, at.wall + limiter->lease_life);
	return true;
}

/* What upstreams there are may have changed meanwhile. */
static void decide_after_wait(struct limiter *limiter, struct take *take, struct instant at)
{
	if (target_find(limiter->targets, &take->lease))
		decide(limiter, take, at);
	else
		deny_for(limiter, take, LIMIT_MODEL, 0, at);
}

bool limiter_gave(const struct limiter *limiter, const uint8_t *lease_id)
{
	const struct ledger_row *row = ledger_find(&limiter->ledger, lease_id);
	return row && row->era != 0;
}

void limiter_doubt(struct limiter *limiter)
{
	struct account *account;
	for (account = TAILQ_FIRST(&limiter->accounts.by_use); account; account = TAILQ_NEXT(account, by_use))
		account->budget.known = false;
}

void limiter_history(struct limiter *limiter, uint64_t question, uint64_t tokens, struct instant at)
{
	struct account *account = history_asked(&limiter->history, question);
	struct take *take;
	if (!account)
		return;
	account->question = 0;
	budget_roll(&account->budget, at.wall);
	if (account->budget.start != account->since)
		return; /* it is about the period before: ask again */
	budget_add_history(&account->budget, tokens);
	while ((take = history_next(&limiter->history, account)))
		decide_after_wait(limiter, take, at);
}

/* --- time --- */

void limiter_tick(struct limiter *limiter, struct instant at)
{
	struct pool_waiter *waiter;
	struct ledger_row *row;
	struct take *take;
	/* First, while those who waited still count: their answers name their accounts. */
	if (at.now >= limiter->next_sweep) {
		accounts_forget_idle(&limiter->accounts, at.now);
		limiter->next_sweep = at.now + ACCOUNT_IDLE_MS;
	}
	while ((take = history_late(&limiter->history, at.now)))
		limiter_refuse(limiter, take, at);
	for (struct pool *pool = limiter->pools.first; pool; pool = pool->next)
		while ((waiter = pool_late(pool, at.now)))
			deny_slot(limiter, take_of(waiter), at);
	while ((row = ledger_first_due(&limiter->ledger)) && row->due <= at.now)
		drop(limiter, row, at);
}

uint64_t limiter_due(const struct limiter *limiter)
{
	uint64_t due = limiter->next_sweep;
	const struct ledger_row *row = ledger_first_due(&limiter->ledger);
	if (row && row->due < due)
		due = row->due;
	if (history_due(&limiter->history) < due)
		due = history_due(&limiter->history);
	for (const struct pool *pool = limiter->pools.first; pool; pool = pool->next)
		if (pool_deadline(pool) < due)
			due = pool_deadline(pool);
	return due;
}
