#include <stdio.h>

#include "../proto/daemon/loop.h"
#include "shared_private.h"

static void tick_pool(struct shared *shared, struct pool *pool)
{
	struct pool_waiter *waiter;
	while ((waiter = pool_late(pool, loop_now())))
		shared_deny_slot(shared, take_of(waiter));
	pool_guess(pool, loop_now());
	shared_serve(shared, pool);
}

const char *shared_lateness(const struct shared *shared)
{
	static char text[REDIS_ERROR_SIZE];
	snprintf(text, sizeof(text), "Redis does not answer within %llu ms", (unsigned long long)shared->deadline);
	return text;
}

static void end_late(struct shared *shared)
{
	struct ask *ask;
	while ((ask = TAILQ_FIRST(&shared->asks.sent)) && ask->due <= loop_now()) {
		bool has_waited = ask->in_turn;
		struct take *take = shared_withdraw(shared, ask);
		bool goes_on = shared->events->heard(shared->arg, shared_lateness(shared));
		if (!has_waited || !goes_on || !shared_wait_on(shared, take))
			shared_leave_undecided(shared, take);
	}
}

void shared_tick(struct shared *shared)
{
	struct ask *ask;
	struct take *take;
	uint64_t now = loop_now();
	while ((take = history_late(&shared->history, now)))
		shared_deny_now(shared, take);
	for (struct pool *pool = shared->pools.first; pool; pool = pool->next)
		tick_pool(shared, pool);
	end_late(shared);
	shared_end_late_moves(shared);
	while ((ask = TAILQ_FIRST(&shared->asks.leased)) && ask->due <= now)
		ask_forget(&shared->asks, ask);
	if (now < shared->next_sweep)
		return;
	accounts_forget_idle(&shared->accounts, now);
	shared->next_sweep = now + ACCOUNT_IDLE_MS;
}

uint64_t shared_due(const struct shared *shared)
{
	uint64_t due = shared->next_sweep;
	const struct ask *sent = TAILQ_FIRST(&shared->asks.sent), *leased = TAILQ_FIRST(&shared->asks.leased);
	if (sent && sent->due < due)
		due = sent->due;
	if (leased && leased->due < due)
		due = leased->due;
	if (history_due(&shared->history) < due)
		due = history_due(&shared->history);
	if (shared_moves_due(shared) < due)
		due = shared_moves_due(shared);
	for (const struct pool *pool = shared->pools.first; pool; pool = pool->next)
		if (pool_guess_due(pool) < due)
			due = pool_guess_due(pool);
	return due;
}
