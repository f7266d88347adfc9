#include "counters.h"

#include <sodium.h>
#include <string.h>

#include "bucket.h"

extern const char lua_join[], lua_take[], lua_keep[], lua_settle[], lua_cancel[], lua_show[], lua_move[];

enum script { JOIN, TAKE, KEEP, SETTLE, CANCEL, SHOW, MOVE };

const char *const counters_scripts[COUNTERS_SCRIPTS] = {
	[JOIN] = lua_join,     [TAKE] = lua_take, [KEEP] = lua_keep, [SETTLE] = lua_settle,
	[CANCEL] = lua_cancel, [SHOW] = lua_show, [MOVE] = lua_move,
};

/* Numbers in Lua are exact up to here; no budget is greater. */
#define LUA_MAX (UINT64_C(1) << 53)

static void add_number(struct redis *redis, uint64_t number)
{
	redis_argument(redis, "%llu", (unsigned long long)(number < LUA_MAX ? number : LUA_MAX));
}

struct counted counters_lease(const struct lease *lease)
{
	struct counted counted = {.tokens = lease->tokens};
	memcpy(counted.id, lease->id, sizeof(counted.id));
	memcpy(counted.key_id, lease->key_id, sizeof(counted.key_id));
	memcpy(counted.upstream, lease->upstream, sizeof(counted.upstream));
	return counted;
}

static void ignore(void *arg, const redisReply *reply, const char *error)
{
	(void)arg;
	(void)reply;
	(void)error;
}

/* --- calls --- */

static void add_installation(struct redis *redis)
{
	redis_key(redis, "installation");
	redis_key(redis, "keys");
}

/* Whatever the id is, no key's name is another's: who takes proxyd over can make leases of any. */
static void add_account(struct redis *redis, const char *key_id)
{
	redis_key(redis, "key:%s", key_id);
	redis_key(redis, "leases:%s", key_id);
	redis_key(redis, "done:%s", key_id);
}

static void add_pool(struct redis *redis, const char *upstream)
{
	if (*upstream)
		redis_key(redis, "pool:%s", upstream);
}

static void add_lease(struct redis *redis, const uint8_t *id, uint64_t tokens)
{
	char hex[2 * LEASE_ID_SIZE + 1];
	redis_argument(redis, "%s", sodium_bin2hex(hex, sizeof(hex), id, LEASE_ID_SIZE));
	add_number(redis, tokens);
}

static void begin(struct redis *redis, enum script script, const struct counted *lease)
{
	redis_begin(redis, script);
	add_account(redis, lease->key_id);
	add_pool(redis, lease->upstream);
	add_lease(redis, lease->id, lease->tokens);
}

static void add_limits(struct redis *redis, const struct limits *limits, uint64_t generation)
{
	add_number(redis, generation);
	add_number(redis, limits->rpm);
	add_number(redis, limits->tpm);
	add_number(redis, limits->concurrency);
	add_number(redis, limits->period);
	add_number(redis, limits->budget);
}

static void add_hearsay(struct redis *redis, const struct hearsay *hearsay)
{
	add_number(redis, hearsay->used);
	add_number(redis, hearsay->since);
	add_number(redis, hearsay->count);
	add_number(redis, hearsay->era);
}

void counters_take(struct redis *redis, const struct take *take, unsigned slots, uint64_t life,
                   const struct hearsay *hearsay, redis_answer *answer, void *arg)
{
	const struct lease *lease = &take->lease;
	redis_begin(redis, TAKE);
	add_account(redis, lease->key_id);
	add_installation(redis);
	add_pool(redis, lease->upstream);
	add_lease(redis, lease->id, lease->tokens);
	add_number(redis, life);
	add_number(redis, slots);
	add_limits(redis, &take->limits, lease->generation);
	redis_argument(redis, "%s", lease->key_id);
	redis_argument(redis, "%s", lease->key_name);
	if (hearsay)
		add_hearsay(redis, hearsay);
	redis_end(redis, answer, arg);
}

void counters_keep(struct redis *redis, const struct counted *lease, uint64_t life)
{
	begin(redis, KEEP, lease);
	add_number(redis, life);
	redis_end(redis, ignore, NULL);
}

void counters_cancel(struct redis *redis, const struct counted *lease)
{
	begin(redis, CANCEL, lease);
	redis_end(redis, ignore, NULL);
}

void counters_settle(struct redis *redis, const struct counted *lease, uint64_t used, bool charged,
                     redis_answer *answer, void *arg)
{
	begin(redis, SETTLE, lease);
	if (charged)
		add_number(redis, used);
	else
		redis_argument(redis, "%s", "");
	redis_end(redis, answer, arg);
}

void counters_move(struct redis *redis, const struct move *move, unsigned slots, uint64_t life, redis_answer *answer,
                   void *arg)
{
	const struct lease *lease = &move->lease;
	redis_begin(redis, MOVE);
	add_account(redis, lease->key_id);
	add_pool(redis, lease->upstream);
	add_pool(redis, move->upstream);
	add_lease(redis, lease->id, lease->tokens);
	add_number(redis, life);
	add_number(redis, slots);
	redis_end(redis, answer, arg);
}

void counters_join(struct redis *redis, bool counted_alone, redis_answer *answer, void *arg)
{
	redis_begin(redis, JOIN);
	redis_key(redis, "installation");
	add_number(redis, counted_alone);
	redis_end(redis, answer, arg);
}

void counters_show(struct redis *redis, const struct pools *pools, redis_answer *answer, void *arg)
{
	unsigned count = 0;
	redis_begin(redis, SHOW);
	add_installation(redis);
	for (const struct pool *pool = pools->first; pool && count < COUNTERS_POOLS_MAX; pool = pool->next, count++)
		add_pool(redis, pool->name);
	add_number(redis, COUNTERS_KEYS_MAX);
	redis_end(redis, answer, arg);
}

/* --- answers --- */

static const struct {
	const char *word;
	enum verdict verdict;
	enum limit_reason reason;
} verdicts[] = {
	{"given", VERDICT_GIVEN, 0},          {"requests", VERDICT_NO, LIMIT_REQUESTS},
	{"tokens", VERDICT_NO, LIMIT_TOKENS}, {"concurrency", VERDICT_NO, LIMIT_CONCURRENCY},
	{"budget", VERDICT_NO, LIMIT_BUDGET}, {"slots", VERDICT_WAIT, LIMIT_SLOTS},
	{"history", VERDICT_HISTORY, 0},
};

static bool read_verdict(const redisReply *word, struct judgement *judgement)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++) {
		if (word->type != REDIS_REPLY_STRING || strcmp(word->str, verdicts[i].word) != 0)
			continue;
		judgement->verdict = verdicts[i].verdict;
		judgement->deny.reason = verdicts[i].reason;
		return true;
	}
	return false;
}

static uint32_t as_ms(uint64_t number)
{
	return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

/* A count is never negative, and slots are not so many that another counter could not hold them. */
static bool is_count(const redisReply *reply, long long most)
{
	return reply->type == REDIS_REPLY_INTEGER && reply->integer >= 0 && reply->integer <= most;
}

bool counters_read(const redisReply *reply, struct judgement *judgement)
{
	enum { NUMBERS = 11, IN_USE = 0, ERA = 9 /* -1: there is none yet */ };
	uint64_t numbers[NUMBERS];
	*judgement = (struct judgement){0};
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != NUMBERS + 1 ||
	    !read_verdict(reply->element[0], judgement))
		return false;
	for (size_t i = 0; i < NUMBERS; i++) {
		const redisReply *number = reply->element[i + 1];
		bool is_era = i == ERA && judgement->verdict == VERDICT_HISTORY && number->type == REDIS_REPLY_INTEGER;
		if (!is_era && !is_count(number, i == IN_USE ? COUNTERS_SLOTS_MAX : INT64_MAX))
			return false;
		numbers[i] = (uint64_t)number->integer;
	}
	judgement->in_use = numbers[IN_USE];
	judgement->requests = (struct limit_level){numbers[1], numbers[2], as_ms(numbers[3])};
	judgement->tokens = (struct limit_level){numbers[4], numbers[5], as_ms(numbers[6])};
	judgement->deny.limit = judgement->since = numbers[7];
	judgement->deny.used = judgement->count = numbers[8];
	judgement->deny.requested = judgement->era = numbers[ERA];
	judgement->deny.retry_after_ms = as_ms(numbers[10]);
	return true;
}

bool counters_read_exchange(const redisReply *reply, struct exchange *exchange)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 || reply->element[0]->type != REDIS_REPLY_STRING ||
	    !is_count(reply->element[1], COUNTERS_SLOTS_MAX))
		return false;
	const char *word = reply->element[0]->str;
	exchange->freed = strcmp(word, "moved") == 0;
	exchange->done = exchange->freed || strcmp(word, "there") == 0;
	exchange->in_use = (uint64_t)reply->element[1]->integer;
	return exchange->done || strcmp(word, "full") == 0 || strcmp(word, "done") == 0;
}
