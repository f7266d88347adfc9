#include "show.h"

#include <string.h>

#include "../proto/daemon/ctl.h"

static json_t *number(uint64_t value)
{
	return json_integer(value < INT64_MAX ? (json_int_t)value : INT64_MAX);
}

static json_t *show_pool(const struct pool *pool)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", pool->name, "slots", number(pool->slots), "in_use",
	                 number(pool->in_use), "waiting", number(pool->waiting), "acquire_timeout_ms",
	                 number(pool->acquire_timeout));
}

static json_t *show_level(struct bucket *bucket, uint64_t now)
{
	struct limit_level level = bucket_level(bucket, now);
	if (level.limit == 0)
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "limit", number(level.limit), "remaining", number(level.remaining), "reset_ms",
	                 number(level.reset_ms));
}

static json_t *show_budget(struct budget *budget, uint64_t wall)
{
	budget_roll(budget, wall);
	if (budget->period == BUDGET_NONE)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "period", budget->period == BUDGET_DAY ? "day" : "month", "limit",
	                 number(budget->limit), "used", budget->known ? number(budget->used) : json_null(), "reserved",
	                 number(budget->reserved), "ends", number(budget->end));
}

static json_t *show_account(struct account *account, struct instant at)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "key", account->key_id, "name", account->key_name,
	                 "running", number(account->running), "concurrency",
	                 account->concurrency ? number(account->concurrency) : json_null(), "requests",
	                 show_level(&account->requests, at.now), "tokens", show_level(&account->tokens, at.now), "budget",
	                 show_budget(&account->budget, at.wall));
}

static json_t *show_limits(struct limiter *limiter, struct instant at)
{
	json_t *pools = json_array(), *keys = json_array();
	struct account *account;
	for (const struct pool *pool = limiter->pools.first; pool; pool = pool->next)
		json_array_append_new(pools, show_pool(pool));
	for (account = TAILQ_FIRST(&limiter->accounts.by_use); account; account = TAILQ_NEXT(account, by_use)) {
		if (json_array_size(keys) == SHOW_KEYS_MAX)
			break;
		json_array_append_new(keys, show_account(account, at));
	}
	return json_pack("{s:o, s:o, s:o, s:o}", "pools", pools, "keys", keys, "keys_known",
	                 number(limiter->accounts.count), "leases", number(limiter->ledger.open_count));
}

bool show_call(struct limiter *limiter, const struct ctl_call *call, struct instant at, struct wire_out *json)
{
	static const char *const none[] = {NULL};
	char error[JSON_ERROR_TEXT_LENGTH];
	json_t *arguments = ctl_arguments(call->json.data, call->json.length, error, sizeof(error));
	bool good = arguments && ctl_only(arguments, none, error, sizeof(error));
	json_decref(arguments);
	if (strcmp(call->verb, "limits.show") != 0)
		return ctl_refuse(json, "the only verb here is limits.show");
	return good ? ctl_reply(json, show_limits(limiter, at)) : ctl_refuse(json, error);
}
