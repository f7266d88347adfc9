#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"
#include "redis_private.h"

enum { FRONT = 3 }; /* EVALSHA, the script's hash, and how many keys there are */

/* What hiredis carries for a call. */
struct pending {
	struct redis *redis;
	redis_answer *answer;
	void *arg;
};

/* --- making a call --- */

static void add_word(struct redis *redis, const char *word, size_t length)
{
	CHECK(redis->word_count < REDIS_WORDS_MAX);
	redis->words[redis->word_count] = word;
	redis->lengths[redis->word_count++] = length;
}

static void add_text(struct redis *redis, const char *front, const char *format, va_list values)
{
	char *place = redis->text + redis->text_length;
	size_t room = sizeof(redis->text) - redis->text_length, length = strlen(front);
	CHECK(length < room);
	memcpy(place, front, length);
	int added = vsnprintf(place + length, room - length, format, values);
	CHECK(added >= 0 && (size_t)added < room - length);
	length += (size_t)added;
	redis->text_length += length;
	add_word(redis, place, length);
}

void redis_begin(struct redis *redis, unsigned script)
{
	redis->word_count = redis->key_count = 0;
	redis->text_length = 0;
	add_word(redis, "EVALSHA", strlen("EVALSHA"));
	add_word(redis, redis->hashes[script], REDIS_HASH_LENGTH);
	add_word(redis, "", 0); /* redis_end() knows */
}

void redis_key(struct redis *redis, const char *format, ...)
{
	va_list values;
	CHECK(redis->word_count == FRONT + redis->key_count);
	va_start(values, format);
	add_text(redis, REDIS_TAG, format, values);
	va_end(values);
	redis->key_count++;
}

void redis_argument(struct redis *redis, const char *format, ...)
{
	va_list values;
	va_start(values, format);
	add_text(redis, "", format, values);
	va_end(values);
}

/* --- answers --- */

/* "MOVED slot host:port"; without a host it is the one that we speak with. */
static bool follow(struct redis *redis, const char *error)
{
	const char *place = strrchr(error, ' '), *colon = strrchr(error, ':');
	if (strncmp(error, "MOVED ", 6) != 0 || !colon || colon < place)
		return false;
	unsigned long port = strtoul(colon + 1, NULL, 10);
	size_t length = (size_t)(colon - place) - 1;
	return port > 0 && port <= 65535 && redis_go_to(redis, place + 1, length, (unsigned)port);
}

static void judge_refusal(struct redis *redis, const char *error)
{
	redis_set_error(redis, "refuses", error);
	if (strncmp(error, "NOSCRIPT", 8) == 0 && redis->loading == 0)
		redis_load_scripts(redis);
	else
		follow(redis, error);
}

static void answered(redisAsyncContext *context, void *reply, void *arg)
{
	struct pending *pending = arg;
	const redisReply *answer = reply;
	if (!answer)
		redis_ended(pending->redis, context);
	else if (answer->type == REDIS_REPLY_ERROR)
		judge_refusal(pending->redis, answer->str);
	bool good = answer && answer->type != REDIS_REPLY_ERROR;
	pending->answer(pending->arg, good ? answer : NULL, pending->redis->error);
	free(pending);
}

void redis_end(struct redis *redis, redis_answer *answer, void *arg)
{
	char keys[12];
	struct pending *pending = malloc(sizeof(*pending));
	CHECK(pending && redis->stage == REDIS_UP);
	*pending = (struct pending){redis, answer, arg};
	redis->lengths[FRONT - 1] = (size_t)snprintf(keys, sizeof(keys), "%d", redis->key_count);
	redis->words[FRONT - 1] = keys;
	CHECK(redisAsyncCommandArgv(redis->context, answered, pending, redis->word_count, redis->words, redis->lengths) ==
	      REDIS_OK);
}
