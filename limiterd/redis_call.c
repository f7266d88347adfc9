#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"
#include "redis_private.h"

enum {
	FRONT = 3,               /* EVALSHA, the script's hash, and how many keys there are */
	UNREAD_MAX = 256 * 1024, /* bytes of an answer that is not complete */
	ANSWER_MAX = 256 * 1024, /* bytes that an answer takes, with all arrays in arrays */
	ELEMENTS_MAX = 1024      /* of an array in it */
};

struct redis_pending {
	redis_answer *answer;
	void *arg;
	STAILQ_ENTRY(redis_pending) next;
};

void redis_set_error(struct redis *redis, const char *what, const char *why)
{
	snprintf(redis->error, sizeof(redis->error), "Redis %.48s%s%.100s", what, *why ? ": " : "", why);
	for (char *at = redis->error; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

/* --- making a call --- */

static void add_word(struct redis *redis, const char *word, size_t length)
{
	CHECK(redis->word_count < REDIS_WORDS_MAX);
	redis->words[redis->word_count] = word;
	redis->lengths[redis->word_count++] = length;
}

__attribute__((format(printf, 3, 0))) static void add_text(struct redis *redis, const char *front, const char *format,
                                                           va_list values)
{
	char *place = redis->text + redis->text_length;
	size_t room = sizeof(redis->text) - redis->text_length;
	int begun = snprintf(place, room, "%s", front);
	CHECK(begun >= 0 && (size_t)begun < room);
	int added = vsnprintf(place + begun, room - (size_t)begun, format, values);
	size_t length = (size_t)begun + (size_t)added;
	CHECK(added >= 0 && length < room);
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

void redis_send(struct redis *redis, int count, const char **words, const size_t *lengths, redis_answer *answer,
                void *arg)
{
	struct redis_pending *pending = malloc(sizeof(*pending));
	CHECK(pending && redisAppendCommandArgv(redis->context, count, words, lengths) == REDIS_OK);
	*pending = (struct redis_pending){.answer = answer, .arg = arg};
	STAILQ_INSERT_TAIL(&redis->queue, pending, next);
}

void redis_end(struct redis *redis, redis_answer *answer, void *arg)
{
	char keys[12];
	CHECK(redis->stage == REDIS_UP);
	redis->lengths[FRONT - 1] = (size_t)snprintf(keys, sizeof(keys), "%d", redis->key_count);
	redis->words[FRONT - 1] = keys;
	redis_send(redis, redis->word_count, redis->words, redis->lengths, answer, arg);
}

/* --- what is read is bounded --- */

#if HIREDIS_MAJOR < 1
typedef int element_count;
#else
typedef size_t element_count;
#endif

static redisReplyObjectFunctions makers;
static void *(*make_array)(const redisReadTask *task, element_count elements);
static void *(*make_string)(const redisReadTask *task, char *text, size_t length);

/* Whether there is room for more of the answer: each begins with what is in no array. */
static bool has_room(const redisReadTask *task, size_t more)
{
	static size_t taken;
	taken = task->parent ? taken + more : more;
	return taken <= ANSWER_MAX;
}

static void *make_short_array(const redisReadTask *task, element_count elements)
{
	bool fits = elements <= ELEMENTS_MAX && has_room(task, (size_t)elements * sizeof(redisReply));
	return fits ? make_array(task, elements) : NULL;
}

static void *make_short_string(const redisReadTask *task, char *text, size_t length)
{
	return has_room(task, length) ? make_string(task, text, length) : NULL;
}

void redis_bound_answers(redisReader *reader)
{
	if (!make_array) {
		makers = *reader->fn;
		make_array = makers.createArray;
		make_string = makers.createString;
		makers.createArray = make_short_array;
		makers.createString = make_short_string;
	}
	reader->fn = &makers;
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
	if (redis->stage != REDIS_UP)
		return;
	if (strncmp(error, "NOSCRIPT", 8) == 0 && redis->loading == 0)
		redis_load_scripts(redis);
	else
		follow(redis, error);
}

static struct redis_pending *take_next(struct redis *redis)
{
	struct redis_pending *pending = STAILQ_FIRST(&redis->queue);
	if (pending)
		STAILQ_REMOVE_HEAD(&redis->queue, next);
	return pending;
}

static void deliver(struct redis *redis, const redisReply *reply)
{
	struct redis_pending *pending = take_next(redis);
	bool refused = reply->type == REDIS_REPLY_ERROR;
	if (!pending) {
		redis_lost(redis, "says what nobody asked", "");
		return;
	}
	if (refused)
		judge_refusal(redis, reply->str);
	pending->answer(pending->arg, refused ? NULL : reply, redis->error);
	free(pending);
}

/* Any answer may be the connection's last. */
void redis_take_answers(struct redis *redis)
{
	const redisContext *context = redis->context;
	void *reply = NULL;
	if (context->reader->len > UNREAD_MAX)
		redis_lost(redis, "says too much", "");
	while (redis->context == context && redisGetReplyFromReader(redis->context, &reply) == REDIS_OK && reply) {
		deliver(redis, reply);
		freeReplyObject(reply);
	}
	if (redis->context == context && redis->context->err)
		redis_lost(redis, "makes no sense", redis->context->errstr);
}

void redis_fail_all(struct redis *redis)
{
	struct redis_pending *pending;
	while ((pending = take_next(redis))) {
		pending->answer(pending->arg, NULL, redis->error);
		free(pending);
	}
}
