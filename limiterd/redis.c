#include "redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "../proto/daemon/log.h"
#include "redis_private.h"

enum {
	SET_UP_MS = 2000, /* to resolve, connect, log in and load the scripts */
	BACKOFF_MIN_MS = 50,
	BACKOFF_MAX_MS = 1000,
	HOPS_MAX = 4,            /* from node to node of a cluster, until one takes us */
	UNREAD_MAX = 256 * 1024, /* bytes of an answer that is not complete */
	ELEMENTS_MAX = 1024      /* of an array in an answer */
};

bool redis_is_up(const struct redis *redis)
{
	return redis->stage == REDIS_UP;
}

/* --- losing the connection --- */

void redis_set_error(struct redis *redis, const char *what, const char *why)
{
	snprintf(redis->error, sizeof(redis->error), "Redis %.48s%s%.100s", what, *why ? ": " : "", why);
	for (char *at = redis->error; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

/* The connection is not ours any more; hiredis frees it. */
static void let_go(struct redis *redis, uint64_t again_ms)
{
	resolver_forget(&redis->question);
	if (redis->watch.fd >= 0)
		loop_unwatch(&redis->watch);
	redis->watch.fd = -1;
	redis->context = NULL;
	redis->stage = REDIS_DOWN;
	loop_timer_clear(&redis->deadline);
	loop_timer_set(&redis->again, again_ms);
}

static void begin_at_url(struct redis *redis)
{
	snprintf(redis->host, sizeof(redis->host), "%s", redis->url.host);
	redis->port = redis->url.port;
	redis->hops = 0;
}

/* Told once: what goes wrong while it is down already is the same news. */
static void give_up(struct redis *redis)
{
	let_go(redis, redis->backoff);
	redis->backoff = redis->backoff * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : redis->backoff * 2;
	redis->question.turn++;
	begin_at_url(redis);
	if (redis->told_down)
		return;
	redis->told_down = true;
	redis->plan->down(redis->arg, redis->error);
}

void redis_lost(struct redis *redis, const char *what, const char *why)
{
	redisAsyncContext *context = redis->context;
	redis_set_error(redis, what, why);
	give_up(redis);
	if (context)
		redisAsyncFree(context);
}

void redis_reconnect(struct redis *redis, const char *reason)
{
	if (redis->stage != REDIS_DOWN)
		redis_lost(redis, reason, "");
}

static void too_late(void *arg)
{
	redis_lost(arg, "does not answer", "");
}

void redis_ended(struct redis *redis, const redisAsyncContext *context)
{
	if (redis->context != context)
		return;
	redis_set_error(redis, redis->stage == REDIS_UP ? "was lost" : "cannot be reached", context->errstr);
	give_up(redis);
}

bool redis_go_to(struct redis *redis, const char *host, size_t host_length, unsigned port)
{
	redisAsyncContext *context = redis->context;
	if (host_length > REDIS_URL_HOST_MAX || redis->hops == HOPS_MAX)
		return false;
	if (host_length > 0)
		snprintf(redis->host, sizeof(redis->host), "%.*s", (int)host_length, host);
	redis->port = port;
	redis->hops++;
	let_go(redis, 0);
	redisAsyncFree(context);
	return true;
}

void redis_came_up(struct redis *redis)
{
	redis->stage = REDIS_UP;
	redis->backoff = BACKOFF_MIN_MS;
	redis->told_down = false;
	loop_timer_clear(&redis->deadline);
	redis->plan->up(redis->arg);
}

/* --- hiredis on the loop: it is always read; what it wants to write goes out after the batch --- */

static void wants_write(void *arg)
{
	struct redis *redis = arg;
	redis->has_unsent = true;
}

static void has_written(void *arg)
{
	struct redis *redis = arg;
	redis->has_unsent = false;
}

/* hiredis is done with the connection, whoever wanted that. */
static void is_over(void *arg)
{
	struct redis *redis = arg;
	if (redis->context)
		redis_ended(redis, redis->context);
}

static void watch_for_room(struct redis *redis, bool wanted)
{
	if (wanted != redis->wants_room)
		loop_rewatch(&redis->watch, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
	redis->wants_room = wanted;
}

static void write_out(struct redis *redis)
{
	redisAsyncHandleWrite(redis->context);
	if (redis->context)
		watch_for_room(redis, redis->has_unsent);
}

static void after_batch(void *arg)
{
	struct redis *redis = arg;
	if (redis->context && redis->has_unsent && !redis->wants_room)
		write_out(redis);
}

static void ready(void *arg, uint32_t events)
{
	struct redis *redis = arg;
	if (events & EPOLLOUT)
		write_out(redis);
	if (redis->context && (events & ~(uint32_t)EPOLLOUT))
		redisAsyncHandleRead(redis->context);
	if (redis->context && redis->context->c.reader->len > UNREAD_MAX)
		redis_lost(redis, "says too much", "");
}

/* --- what is read is bounded --- */

#if HIREDIS_MAJOR < 1
typedef int element_count;
#else
typedef size_t element_count;
#endif

static redisReplyObjectFunctions makers;
static void *(*make_array)(const redisReadTask *task, element_count elements);

static void *make_short_array(const redisReadTask *task, element_count elements)
{
	return elements <= ELEMENTS_MAX ? make_array(task, elements) : NULL;
}

static void bound_answers(redisReader *reader)
{
	if (!make_array) {
		makers = *reader->fn;
		make_array = makers.createArray;
		makers.createArray = make_short_array;
	}
	reader->fn = &makers;
}

/* --- connecting --- */

static void use(struct redis *redis, redisAsyncContext *context)
{
	CHECK(context);
	if (context->err) {
		redis_set_error(redis, "cannot be reached", context->errstr);
		give_up(redis);
		redisAsyncFree(context);
		return;
	}
	redis->context = context;
	redis->stage = REDIS_CONNECTING;
	redis->watch = (struct loop_watch){context->c.fd, ready, redis};
	CHECK(loop_watch(&redis->watch, EPOLLIN | EPOLLOUT) == 0);
	redis->wants_room = true; /* there is some as soon as it is connected */
	context->data = context->ev.data = redis;
	context->ev.addWrite = wants_write;
	context->ev.delWrite = has_written;
	context->ev.cleanup = is_over;
	bound_answers(context->c.reader);
	redis_set_up(redis);
}

static void resolved(void *arg, const char *address)
{
	struct redis *redis = arg;
	if (address)
		use(redis, redisAsyncConnect(address, (int)redis->port));
	else
		redis_lost(redis, "has no address", redis->host);
}

static void dial(void *arg)
{
	struct redis *redis = arg;
	loop_timer_set(&redis->deadline, SET_UP_MS);
	if (*redis->url.path && redis->hops == 0) {
		use(redis, redisAsyncConnectUnix(redis->url.path));
		return;
	}
	redis->stage = REDIS_RESOLVING;
	resolver_ask(&redis->question, redis->host);
}

/* --- opening and closing --- */

struct redis *redis_open(const struct redis_url *url, const char *password_file, const struct redis_plan *plan,
                         void *arg)
{
	struct redis *redis = calloc(1, sizeof(*redis));
	CHECK(redis && plan->script_count <= REDIS_SCRIPTS_MAX);
	redis->url = *url;
	redis->password_file = strdup(password_file);
	CHECK(redis->password_file);
	redis->plan = plan;
	redis->arg = arg;
	redis->watch.fd = -1;
	redis->backoff = BACKOFF_MIN_MS;
	redis->deadline = (struct loop_timer){.expired = too_late, .arg = redis};
	redis->again = (struct loop_timer){.expired = dial, .arg = redis};
	redis->question = (struct resolver_question){.answered = resolved, .arg = redis};
	begin_at_url(redis);
	loop_timer_set(&redis->again, 0);
	loop_after_batch(after_batch, redis);
	return redis;
}

void redis_close(struct redis *redis)
{
	if (!redis)
		return;
	redisAsyncContext *context = redis->context;
	redis_set_error(redis, "is not needed any more", "");
	let_go(redis, 0);
	if (context)
		redisAsyncFree(context);
	loop_timer_clear(&redis->again);
	free(redis->password_file);
	free(redis);
}
