#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct limiter stage;
struct instant stage_at;

static struct upstream upstreams[] = {{.name = "fast", .slots = 2, .acquire_timeout = STAGE_WAIT},
                                      {.name = "slow", .slots = 1, .acquire_timeout = STAGE_WAIT}};
static struct target to_fast = {.upstream = 0, .weight = 1}, to_slow = {.upstream = 1, .weight = 1};
static struct model rows[] = {{.name = "*", .targets = &to_slow, .target_count = 1},
                              {.name = "quick", .targets = &to_fast, .target_count = 1}};
static const struct models models = {.upstreams = upstreams, .upstream_count = 2, .models = rows, .model_count = 2};

static struct targets targets;

void stage_begin(void)
{
	stage_at = (struct instant){.now = 1000000, .wall = UINT64_C(1800000000000)};
	upstreams[0].slots = 2;
	target_follow(&targets, &models);
	limiter_init(&stage, STAGE_LIFE, &targets);
	limiter_follow(&stage, STAGE_QUEUE, stage_at);
}

void stage_set_slots(unsigned slots)
{
	upstreams[0].slots = slots;
	limiter_follow(&stage, STAGE_QUEUE, stage_at);
}

void stage_pass(uint64_t ms)
{
	stage_at.now += ms;
	stage_at.wall += ms;
	limiter_tick(&stage, stage_at);
}

void stage_take(uint64_t id, const char *key, const char *model, uint64_t tokens, const struct limits *limits)
{
	static uint64_t leases;
	struct take *take = take_new();
	leases++;
	take->id = id;
	memcpy(take->lease.id, &leases, sizeof(leases));
	snprintf(take->lease.key_id, sizeof(take->lease.key_id), "%s", key);
	snprintf(take->lease.model, sizeof(take->lease.model), "%s", model);
	take->lease.route = *model ? ROUTE_CHAT : ROUTE_MODELS;
	take->lease.tokens = tokens;
	limiter_take(&stage, take, limits, stage_at);
}

struct outcome stage_next(void)
{
	struct take *take = limiter_next(&stage);
	if (!take)
		return (struct outcome){0};
	struct outcome outcome = {
		.id = take->id, .given = take->given, .deny = take->deny, .lease = take->lease, .waited = take->waited};
	take_free(take);
	return outcome;
}

struct outcome stage_ask(uint64_t id, const char *key, const char *model, uint64_t tokens, const struct limits *limits)
{
	stage_take(id, key, model, tokens, limits);
	return stage_next();
}

struct account *stage_account(const char *key)
{
	return accounts_get(&stage.accounts, key, "", stage_at.now);
}

struct pool *stage_pool(const char *name)
{
	return pools_find(&stage.pools, name);
}

static void free_takes(struct takes *takes)
{
	struct take *take;
	while ((take = TAILQ_FIRST(takes))) {
		TAILQ_REMOVE(takes, take, place);
		free(take);
	}
}

static void free_rows(struct ledger_rows *list)
{
	while (!TAILQ_EMPTY(list))
		ledger_remove(&stage.ledger, TAILQ_FIRST(list));
}

void stage_end(void)
{
	struct account *account;
	limiter_edge_gone(&stage, stage_at);
	free_takes(&stage.answered);
	free_rows(&stage.ledger.leased);
	free_rows(&stage.ledger.done);
	while ((account = TAILQ_FIRST(&stage.accounts.by_use))) {
		TAILQ_REMOVE(&stage.accounts.by_use, account, by_use);
		free(account);
	}
	for (struct pool *pool = stage.pools.first, *next; pool; pool = next) {
		next = pool->next;
		free(pool);
	}
	free(stage.pools.of_upstream);
	free(targets.credits);
	targets = (struct targets){0};
}
