/*
 * One connection to Redis on the loop, kept up: connected, logged in, its
 * scripts loaded; and all of that again, with backoff, whenever it is lost.
 * A cluster's node that names another one is left for that.
 *
 * A call runs one script.  Calls of one batch of events travel together, and
 * are answered in the order in which they were made.  How long an answer may
 * take is for the caller to judge.
 */
#ifndef LIMITERD_REDIS_H
#define LIMITERD_REDIS_H

#include <hiredis/hiredis.h>
#include <stdbool.h>

#include "redis_url.h"

enum { REDIS_ERROR_SIZE = 160, REDIS_SCRIPTS_MAX = 8 };

/* Every key begins with this, so that a cluster keeps all of them on one node and a script may span them. */
#define REDIS_TAG "{heimgate}:"

struct redis;

/* Must outlive the process. */
struct redis_plan {
	const char *const *scripts; /* Lua; at most REDIS_SCRIPTS_MAX */
	unsigned script_count;
	void (*up)(void *arg);                       /* ready for calls */
	void (*down)(void *arg, const char *reason); /* not connected (any more), said once until it is up again */
};

/*
 * Begins to connect; the outcome is told by up() and down(), never during this call.  password_file "":
 * none; it is read again for each connection.  resolver_open() comes first unless the URL has a path.
 */
struct redis *redis_open(const struct redis_url *url, const char *password_file, const struct redis_plan *plan,
                         void *arg);

/* Calls under way are answered as lost; up and down are not called.  NULL is fine. */
void redis_close(struct redis *redis);

bool redis_is_up(const struct redis *redis);

/* Gives the connection up and makes another: for whoever finds that it does not answer. */
void redis_reconnect(struct redis *redis, const char *reason);

/*
 * Takes an answer, once for each call, valid during it.  `reply` NULL: it failed, and `error` says why in
 * one line.  If the connection is up all the same the call was refused, and may be made again; else it
 * is not known whether it was done.
 */
typedef void redis_answer(void *arg, const redisReply *reply, const char *error);

/* A call: redis_begin(), its keys (to which the tag is added), its arguments, redis_end().  One at a time, and only
 * while the connection is up.  The answer never comes during redis_end(). */
void redis_begin(struct redis *redis, unsigned script);
void redis_key(struct redis *redis, const char *format, ...) __attribute__((format(printf, 2, 3)));
void redis_argument(struct redis *redis, const char *format, ...) __attribute__((format(printf, 2, 3)));
void redis_end(struct redis *redis, redis_answer *answer, void *arg);

#endif
