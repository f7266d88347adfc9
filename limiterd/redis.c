#include "redis.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "../proto/daemon/log.h"
#include "redis_private.h"

enum {
	SET_UP_MS = 2000, /* to resolve, connect, log in and load the scripts */
	BACKOFF_MIN_MS = 50,
	BACKOFF_MAX_MS = 1000,
	HOPS_MAX = 4 /* from node to node of a cluster, until one takes us */
};

bool redis_is_up(const struct redis *redis)
{
	return redis->stage == REDIS_UP;
}

/* --- losing the connection --- */

/* Whoever waits is told last: he may ask whether the connection is up. */
static void disconnect(struct redis *redis, uint64_t again_ms)
{
	resolver_forget(&redis->question);
	if (redis->watch.fd >= 0)
		loop_unwatch(&redis->watch);
	redis->watch.fd = -1;
	if (redis->context)
		redisFree(redis->context);
	redis->context = NULL;
	redis->stage = REDIS_DOWN;
	redis->loading = 0;
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
static void tell_down(struct redis *redis)
{
	if (redis->told_down)
		return;
	redis->told_down = true;
	redis->plan->down(redis->arg, redis->error);
}

void redis_give_up(struct redis *redis)
{
	disconnect(redis, redis->backoff);
	redis->backoff = redis->backoff * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : redis->backoff * 2;
	redis->question.turn++;
	begin_at_url(redis);
	tell_down(redis);
	redis_fail_all(redis);
}

void redis_lost(struct redis *redis, const char *what, const char *why)
{
	redis_set_error(redis, what, why);
	redis_give_up(redis);
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

bool redis_go_to(struct redis *redis, const char *host, size_t host_length, unsigned port)
{
	if (host_length > REDIS_URL_HOST_MAX || redis->hops == HOPS_MAX)
		return false;
	if (host_length > 0)
		snprintf(redis->host, sizeof(redis->host), "%.*s", (int)host_length, host);
	redis->port = port;
	redis->hops++;
	redis_set_error(redis, "has another node for this", redis->host);
	disconnect(redis, 0);
	tell_down(redis);
	redis_fail_all(redis);
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

/* --- hiredis on the loop: what it has to write goes out after the batch --- */

static void watch_for_room(struct redis *redis, bool wanted)
{
	if (wanted != redis->wants_room)
		loop_rewatch(&redis->watch, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
	redis->wants_room = wanted;
}

static void write_out(struct redis *redis)
{
	int done = 0;
	if (redisBufferWrite(redis->context, &done) != REDIS_OK)
		redis_lost(redis, "was lost", redis->context->errstr);
	else
		watch_for_room(redis, !done);
}

static void after_batch(void *arg)
{
	struct redis *redis = arg;
	if (redis->context && !redis->wants_room && sdslen(redis->context->obuf) > 0)
		write_out(redis);
}

static void read_in(struct redis *redis)
{
	if (redisBufferRead(redis->context) == REDIS_OK)
		redis_take_answers(redis);
	else
		redis_lost(redis, "was lost", redis->context->errstr);
}

static bool is_connected(struct redis *redis)
{
	int error = 0;
	socklen_t length = sizeof(error);
	if (getsockopt(redis->watch.fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		error = errno;
	if (error != 0)
		redis_lost(redis, "cannot be reached", strerror(error));
	return error == 0;
}

static void ready(void *arg, uint32_t events)
{
	struct redis *redis = arg;
	if (redis->stage == REDIS_CONNECTING && !is_connected(redis))
		return;
	if (redis->wants_room && (events & EPOLLOUT))
		write_out(redis);
	if (redis->context && (events & ~(uint32_t)EPOLLOUT))
		read_in(redis);
}

/* --- connecting --- */

static void use(struct redis *redis, redisContext *context)
{
	CHECK(context);
	redis->context = context;
	if (context->err) {
		redis_lost(redis, "cannot be reached", context->errstr);
		return;
	}
	redis->stage = REDIS_CONNECTING;
	redis->watch = (struct loop_watch){context->fd, ready, redis};
	redis->wants_room = true; /* there is some as soon as it is connected */
	CHECK(loop_watch(&redis->watch, EPOLLIN | EPOLLOUT) == 0);
	redis_bound_answers(context->reader);
	redis_set_up(redis);
}

static void resolved(void *arg, const char *address)
{
	struct redis *redis = arg;
	if (address)
		use(redis, redisConnectNonBlock(address, (int)redis->port));
	else
		redis_lost(redis, "has no address", redis->host);
}

static void dial(void *arg)
{
	struct redis *redis = arg;
	loop_timer_set(&redis->deadline, SET_UP_MS);
	if (*redis->url.path && redis->hops == 0) {
		use(redis, redisConnectUnixNonBlock(redis->url.path));
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
	STAILQ_INIT(&redis->queue);
	begin_at_url(redis);
	loop_timer_set(&redis->again, 0);
	loop_after_batch(after_batch, redis);
	return redis;
}

void redis_close(struct redis *redis)
{
	if (!redis)
		return;
	redis_set_error(redis, "is not needed any more", "");
	disconnect(redis, 0);
	redis_fail_all(redis);
	loop_timer_clear(&redis->again);
	free(redis->password_file);
	free(redis);
}
