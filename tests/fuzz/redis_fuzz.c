/*
 * What Redis says: bytes on the connection, from the first answer that sets it
 * up to those of calls.  The first byte chooses whether it is set up already,
 * and the pieces in which the rest arrives.
 *
 * Here stands in for redis.c, which connects.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../limiterd/counters.h"
#include "../../limiterd/redis_private.h"
#include "../../limiterd/show_json.h"
#include "../../proto/wire/msg_common.h"
#include "fuzz.h"

enum { CALLS = 4, PIECE_MAX = 64 };

static struct redis connection;
static unsigned made, answered;

/* --- what an answer is taken for --- */

static void judge_level(const struct limit_level *level)
{
	assert(level->limit <= INT64_MAX && level->remaining <= INT64_MAX);
}

static void judge_take(const redisReply *reply)
{
	struct judgement judgement;
	if (!counters_read(reply, &judgement))
		return;
	assert(judgement.verdict <= VERDICT_HISTORY && judgement.in_use <= COUNTERS_SLOTS_MAX);
	judge_level(&judgement.requests);
	judge_level(&judgement.tokens);
	assert(judgement.since <= INT64_MAX && judgement.count <= INT64_MAX);
	assert(judgement.verdict == VERDICT_HISTORY || judgement.deny.requested <= INT64_MAX);
	assert(judgement.deny.reason <= LIMIT_SLOTS &&
	       (judgement.deny.reason == LIMIT_SLOTS) == (judgement.verdict == VERDICT_WAIT));
}

static void judge_move(const redisReply *reply)
{
	struct exchange exchange;
	if (counters_read_exchange(reply, &exchange))
		assert(exchange.in_use <= COUNTERS_SLOTS_MAX && (exchange.done || !exchange.freed));
}

/* Numbers may be null; whatever is one is none below 0. */
static void judge_numbers(json_t *object)
{
	const char *name;
	json_t *member;
	json_object_foreach(object, name, member)
	{
		assert(!json_is_integer(member) || json_integer_value(member) >= 0);
		judge_numbers(member);
	}
}

static void judge_rows(const json_t *rows, size_t most)
{
	assert(json_is_array(rows) && json_array_size(rows) <= most);
	for (size_t i = 0; i < json_array_size(rows); i++)
		judge_numbers(json_array_get(rows, i));
}

static void judge_show(const redisReply *reply)
{
	static struct pool second = {.name = "vllm", .slots = 4}, first = {.name = "ollama", .next = &second};
	static const struct pools pools = {.first = &first};
	json_t *shown = show_json_answer(&pools, reply);
	if (!shown)
		return;
	judge_rows(json_object_get(shown, "pools"), 2);
	judge_rows(json_object_get(shown, "keys"), reply->element[2]->elements);
	judge_numbers(shown);
	json_decref(shown);
}

static void judge_error(const char *error)
{
	size_t length = strlen(error);
	assert(length > 0 && length < REDIS_ERROR_SIZE);
	for (size_t i = 0; i < length; i++)
		assert(error[i] >= ' ' && error[i] <= '~');
}

static void judge_answer(void *arg, const redisReply *reply, const char *error)
{
	(void)arg;
	answered++;
	if (!reply) {
		judge_error(error);
		return;
	}
	assert(reply->type != REDIS_REPLY_ERROR);
	judge_take(reply);
	judge_move(reply);
	judge_show(reply);
}

/* --- in place of redis.c --- */

void redis_give_up(struct redis *redis)
{
	redisFree(redis->context);
	redis->context = NULL;
	redis->stage = REDIS_DOWN;
	redis->loading = 0;
	redis_fail_all(redis);
}

void redis_lost(struct redis *redis, const char *what, const char *why)
{
	redis_set_error(redis, what, why);
	redis_give_up(redis);
}

bool redis_go_to(struct redis *redis, const char *host, size_t host_length, unsigned port)
{
	assert(redis->stage == REDIS_UP && port >= 1 && port <= UINT16_MAX && memchr(host, '\0', host_length) == NULL);
	if (host_length > REDIS_URL_HOST_MAX)
		return false;
	redis_set_error(redis, "has another node for this", "");
	redis_give_up(redis);
	return true;
}

void redis_came_up(struct redis *redis)
{
	assert(redis->loading == 0);
	for (size_t i = 0; i < COUNTERS_SCRIPTS; i++)
		assert(strspn(redis->hashes[i], "0123456789abcdef") == REDIS_HASH_LENGTH);
	redis->stage = REDIS_UP;
	for (; made < CALLS; made++) {
		redis_begin(redis, made % COUNTERS_SCRIPTS);
		redis_end(redis, judge_answer, NULL);
	}
}

/* --- */

static void begin(bool is_set_up)
{
	static const struct redis_plan plan = {.scripts = counters_scripts, .script_count = COUNTERS_SCRIPTS};
	static char no_file[] = "";
	memset(&connection, 0, sizeof(connection));
	connection.plan = &plan;
	connection.password_file = no_file;
	connection.stage = REDIS_CONNECTING;
	STAILQ_INIT(&connection.queue);
	connection.context = redisConnectFd(-1);
	assert(connection.context);
	redis_bound_answers(connection.context->reader);
	made = answered = 0;
	for (size_t i = 0; is_set_up && i < COUNTERS_SCRIPTS; i++)
		memset(connection.hashes[i], 'a', REDIS_HASH_LENGTH);
	if (is_set_up)
		redis_came_up(&connection);
	else
		redis_set_up(&connection);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	size_t piece = data[0] % PIECE_MAX + 1;
	begin(data[0] < 128);
	for (size_t at = 1; at < size && connection.context; at += piece) {
		size_t length = piece < size - at ? piece : size - at;
		assert(redisReaderFeed(connection.context->reader, (const char *)data + at, length) == REDIS_OK);
		redis_take_answers(&connection);
	}
	if (connection.context)
		redis_lost(&connection, "was lost", "");
	assert(answered == made && STAILQ_EMPTY(&connection.queue));
	return 0;
}
