#include <sodium.h>
#include <string.h>

#include "../proto/daemon/keyfile.h"
#include "redis_private.h"

enum { PASSWORD_SIZE = 1024 };

/* False: the connection is lost, or is now. */
static bool is_good(struct redis *redis, redisAsyncContext *context, const redisReply *reply)
{
	if (!reply)
		redis_ended(redis, context);
	else if (reply->type == REDIS_REPLY_ERROR && redis->context == context)
		redis_lost(redis, "refuses", reply->str);
	return reply && redis->context == context;
}

static void logged_in(redisAsyncContext *context, void *reply, void *arg)
{
	(void)arg;
	is_good(context->data, context, reply);
}

static void loaded(redisAsyncContext *context, void *reply, void *hash)
{
	struct redis *redis = context->data;
	const redisReply *answer = reply;
	if (!is_good(redis, context, answer))
		return;
	if (answer->type != REDIS_REPLY_STRING || answer->len != REDIS_HASH_LENGTH) {
		redis_lost(redis, "has no name for a script", "");
		return;
	}
	memcpy(hash, answer->str, REDIS_HASH_LENGTH);
	if (--redis->loading == 0 && redis->stage == REDIS_CONNECTING)
		redis_came_up(redis);
}

void redis_load_scripts(struct redis *redis)
{
	redis->loading = redis->plan->script_count;
	for (unsigned i = 0; i < redis->plan->script_count; i++)
		redisAsyncCommand(redis->context, loaded, redis->hashes[i], "SCRIPT LOAD %s", redis->plan->scripts[i]);
}

static bool log_in(struct redis *redis)
{
	char password[PASSWORD_SIZE];
	if (!*redis->password_file)
		return true;
	if (keyfile_read(redis->password_file, password, sizeof(password)) < 0)
		return false;
	if (*redis->url.user)
		redisAsyncCommand(redis->context, logged_in, NULL, "AUTH %s %s", redis->url.user, password);
	else
		redisAsyncCommand(redis->context, logged_in, NULL, "AUTH %s", password);
	sodium_memzero(password, sizeof(password));
	return true;
}

void redis_set_up(struct redis *redis)
{
	if (!log_in(redis)) {
		redis_lost(redis, "needs a password that cannot be read", redis->password_file);
		return;
	}
	if (redis->url.database > 0)
		redisAsyncCommand(redis->context, logged_in, NULL, "SELECT %u", redis->url.database);
	redis_load_scripts(redis);
}
