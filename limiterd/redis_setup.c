#include <stdio.h>
#include <string.h>

#include "../proto/daemon/keyfile.h"
#include "../proto/daemon/secret.h"
#include "redis_private.h"

enum { PASSWORD_SIZE = 1024, COMMAND_WORDS_MAX = 3 };

static void command(struct redis *redis, const char *first, const char *second, const char *third, redis_answer *answer,
                    void *arg)
{
	const char *words[COMMAND_WORDS_MAX] = {first, second, third};
	size_t lengths[COMMAND_WORDS_MAX];
	int count = 0;
	for (; count < COMMAND_WORDS_MAX && words[count]; count++)
		lengths[count] = strlen(words[count]);
	redis_send(redis, count, words, lengths, answer, arg);
}

/* A refusal ends the connection, unless that is why there is no answer. */
static void refused(struct redis *redis)
{
	if (redis->context)
		redis_give_up(redis);
}

static void obeyed(void *arg, const redisReply *reply, const char *error)
{
	(void)error;
	if (!reply)
		refused(arg);
}

static bool is_hash(const char *text)
{
	return strlen(text) == REDIS_HASH_LENGTH && strspn(text, "0123456789abcdef") == REDIS_HASH_LENGTH;
}

static void loaded(void *arg, const redisReply *reply, const char *error)
{
	struct redis *redis = arg;
	(void)error;
	if (!reply) {
		refused(redis);
		return;
	}
	if (reply->type != REDIS_REPLY_STRING || !is_hash(reply->str)) {
		redis_lost(redis, "has no name for a script", "");
		return;
	}
	memcpy(redis->hashes[redis->plan->script_count - redis->loading], reply->str, REDIS_HASH_LENGTH);
	if (--redis->loading == 0 && redis->stage == REDIS_CONNECTING)
		redis_came_up(redis);
}

void redis_load_scripts(struct redis *redis)
{
	redis->loading = redis->plan->script_count;
	for (unsigned i = 0; i < redis->plan->script_count; i++)
		command(redis, "SCRIPT", "LOAD", redis->plan->scripts[i], loaded, redis);
}

static bool log_in(struct redis *redis)
{
	if (!*redis->password_file)
		return true;
	char *password = secret_new(PASSWORD_SIZE);
	bool readable = keyfile_read(redis->password_file, password, PASSWORD_SIZE) >= 0;
	if (readable && *redis->url.user)
		command(redis, "AUTH", redis->url.user, password, obeyed, redis);
	else if (readable)
		command(redis, "AUTH", password, NULL, obeyed, redis);
	secret_free(password);
	return readable;
}

void redis_set_up(struct redis *redis)
{
	char database[12];
	if (!log_in(redis)) {
		redis_lost(redis, "needs a password that cannot be read", redis->password_file);
		return;
	}
	snprintf(database, sizeof(database), "%u", redis->url.database);
	if (redis->url.database > 0)
		command(redis, "SELECT", database, NULL, obeyed, redis);
	redis_load_scripts(redis);
}
