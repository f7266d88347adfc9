#include "show_json.h"

static json_t *number(uint64_t value)
{
	return json_integer(value < INT64_MAX ? (json_int_t)value : INT64_MAX);
}

json_t *show_json_pool(const struct pool *pool, uint64_t in_use)
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

json_t *show_json_key(const struct show_key *key)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "key", key->id, "name", key->name, "running",
	                 number(key->running), "concurrency", key->concurrency ? number(key->concurrency) : json_null(),
	                 "requests", show_level(key->requests), "tokens", show_level(key->tokens), "budget",
	                 show_budget(&key->budget));
}

json_t *show_json_all(const char *counted, json_t *pools, json_t *keys, uint64_t keys_known, uint64_t leases)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "counted", counted, "pools", pools, "keys", keys, "keys_known",
	                 number(keys_known), "leases", number(leases));
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
	struct show_key key = {
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
	return show_json_key(&key);
}

static json_t *show_shared(const struct pools *known, const redisReply *in_use, const redisReply *rows, uint64_t count)
{
	json_t *pools = json_array(), *keys = json_array();
	uint64_t leases = 0;
	size_t place = 0;
	for (const struct pool *pool = known->first; pool && place < in_use->elements; pool = pool->next)
		json_array_append_new(pools, show_json_pool(pool, integer(in_use, place++)));
	for (size_t i = 0; i < rows->elements; i++) {
		if (!is_row(rows->element[i]))
			continue;
		json_array_append_new(keys, show_row(rows->element[i]));
		leases += integer(rows->element[i], RUNNING);
	}
	return show_json_all("in Redis, by all hosts", pools, keys, count, leases);
}

static bool is_answer(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 && reply->element[1]->type == REDIS_REPLY_ARRAY &&
	       reply->element[2]->type == REDIS_REPLY_ARRAY;
}

json_t *show_json_answer(const struct pools *known, const redisReply *reply)
{
	if (!is_answer(reply))
		return NULL;
	return show_shared(known, reply->element[1], reply->element[2], integer(reply, 0));
}
