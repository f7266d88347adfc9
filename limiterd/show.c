#include "show.h"

#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/ctl.h"
#include "../proto/daemon/ipc.h"
#include "../proto/daemon/log.h"

/* One key, wherever it is counted. */
struct key {
	const char *id, *name;
	uint64_t running, concurrency;
	struct limit_level requests, tokens;
	struct budget budget;
};

/* A call to be answered when Redis has. */
struct later {
	struct decider *decider;
	ipc_ctl_ticket ticket;
};

static json_t *number(uint64_t value)
{
	return json_integer(value < INT64_MAX ? (json_int_t)value : INT64_MAX);
}

static json_t *show_pool(const struct pool *pool, uint64_t in_use)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", pool->name, "slots", number(pool->slots), "in_use",
	                 number(in_use), "waiting", number(pool->waiting), "acquire_timeout_ms",
	                 number(pool->acquire_timeout));
}

static json_t *show_level(struct limit_level level)
{
	if (level.limit == 0)
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "limit", number(level.limit), "remaining", number(level.remaining), "reset_ms",
	                 number(level.reset_ms));
}

static json_t *show_budget(const struct budget *budget)
{
	if (budget->period == BUDGET_NONE)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "period", budget->period == BUDGET_DAY ? "day" : "month", "limit",
	                 number(budget->limit), "used", budget->known ? number(budget->used) : json_null(), "reserved",
	                 number(budget->reserved), "ends", number(budget->end));
}

static json_t *show_key(const struct key *key)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "key", key->id, "name", key->name, "running",
	                 number(key->running), "concurrency", key->concurrency ? number(key->concurrency) : json_null(),
	                 "requests", show_level(key->requests), "tokens", show_level(key->tokens), "budget",
	                 show_budget(&key->budget));
}

static json_t *show_all(const char *counted, json_t *pools, json_t *keys, uint64_t keys_known, uint64_t leases)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "counted", counted, "pools", pools, "keys", keys, "keys_known",
	                 number(keys_known), "leases", number(leases));
}

/* --- what this process counts --- */

static json_t *show_account(struct account *account)
{
	struct key key = {
		.id = account->key_id,
		.name = account->key_name,
		.running = account->running,
		.concurrency = account->concurrency,
	};
	account_levels(account, loop_now(), &key.requests, &key.tokens);
	budget_roll(&account->budget, loop_wall());
	key.budget = account->budget;
	return show_key(&key);
}

static json_t *show_local(struct decider *decider)
{
	struct limiter *limiter = &decider->limiter;
	json_t *pools = json_array(), *keys = json_array();
	char counted[HEALTH_TEXT_MAX + 1];
	struct account *account;
	for (const struct pool *pool = limiter->pools.first; pool; pool = pool->next)
		json_array_append_new(pools, show_pool(pool, pool->in_use));
	for (account = TAILQ_FIRST(&limiter->accounts.by_use); account; account = TAILQ_NEXT(account, by_use)) {
		if (json_array_size(keys) == COUNTERS_KEYS_MAX)
			break;
		json_array_append_new(keys, show_account(account));
	}
	bool alone = decider_health(decider, counted, sizeof(counted));
	return show_all(alone ? "by this host" : counted, pools, keys, limiter->accounts.count, limiter->ledger.open_count);
}

/* --- what Redis counts --- */

enum {
	ID,
	NAME,
	RUNNING,
	CONCURRENCY,
	REQUESTS,
	TOKENS = REQUESTS + 3,
	PERIOD = TOKENS + 3,
	LIMIT,
	USED,
	RESERVED,
	ENDS,
	COLUMNS
};

static uint64_t integer(const redisReply *row, size_t column)
{
	const redisReply *cell = row->element[column];
	return cell->type == REDIS_REPLY_INTEGER && cell->integer > 0 ? (uint64_t)cell->integer : 0;
}

static struct limit_level level(const redisReply *row, size_t column)
{
	return (struct limit_level){integer(row, column), integer(row, column + 1), (uint32_t)integer(row, column + 2)};
}

static bool is_row(const redisReply *row)
{
	return row->type == REDIS_REPLY_ARRAY && row->elements == COLUMNS && row->element[ID]->type == REDIS_REPLY_STRING &&
	       row->element[NAME]->type == REDIS_REPLY_STRING && integer(row, PERIOD) <= BUDGET_PERIOD_LAST;
}

static json_t *show_row(const redisReply *row)
{
	struct key key = {
		.id = row->element[ID]->str,
		.name = row->element[NAME]->str,
		.running = integer(row, RUNNING),
		.concurrency = integer(row, CONCURRENCY),
		.requests = level(row, REQUESTS),
		.tokens = level(row, TOKENS),
		.budget = {.period = (enum budget_period)integer(row, PERIOD),
	               .limit = integer(row, LIMIT),
	               .known = row->element[USED]->integer >= 0,
	               .used = integer(row, USED),
	               .reserved = integer(row, RESERVED),
	               .end = integer(row, ENDS)},
	};
	return show_key(&key);
}

static json_t *show_shared(const struct pools *known, const redisReply *in_use, const redisReply *rows, uint64_t count)
{
	json_t *pools = json_array(), *keys = json_array();
	uint64_t leases = 0;
	size_t place = 0;
	for (const struct pool *pool = known->first; pool && place < in_use->elements; pool = pool->next)
		json_array_append_new(pools, show_pool(pool, integer(in_use, place++)));
	for (size_t i = 0; i < rows->elements; i++) {
		if (!is_row(rows->element[i]))
			continue;
		json_array_append_new(keys, show_row(rows->element[i]));
		leases += integer(rows->element[i], RUNNING);
	}
	return show_all("in Redis, by all hosts", pools, keys, count, leases);
}

static bool is_answer(const redisReply *reply)
{
	return reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
	       reply->element[1]->type == REDIS_REPLY_ARRAY && reply->element[2]->type == REDIS_REPLY_ARRAY;
}

static void answered(void *arg, const redisReply *reply, const char *error)
{
	struct later *later = arg;
	struct wire_out *json = ipc_ctl_begin();
	bool done;
	if (is_answer(reply))
		done = ctl_reply(
			json, show_shared(&later->decider->shared.pools, reply->element[1], reply->element[2], integer(reply, 0)));
	else
		done = ctl_refuse(json, reply ? COUNTERS_NONSENSE : error);
	ipc_ctl_end(later->ticket, done);
	free(later);
}

static void ask_redis(struct decider *decider)
{
	struct later *later = malloc(sizeof(*later));
	CHECK(later);
	*later = (struct later){decider, ipc_ctl_later()};
	counters_show(decider->redis, &decider->shared.pools, answered, later);
}

bool show_call(struct decider *decider, const struct ctl_call *call, struct wire_out *json)
{
	if (!ctl_is_bare(call, "limits.show", json))
		return false;
	if (!decider->is_shared || decider->is_out)
		return ctl_reply(json, show_local(decider));
	ask_redis(decider);
	return true;
}
