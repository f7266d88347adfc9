/* What the files of redis.h know of each other: redis.c connects, redis_setup.c makes a new connection usable,
 * redis_call.c asks. */
#ifndef LIMITERD_REDIS_PRIVATE_H
#define LIMITERD_REDIS_PRIVATE_H

#include <stdint.h>
#include <sys/queue.h>

#include "../proto/daemon/loop.h"
#include "../proto/daemon/resolver.h"
#include "redis.h"

enum { REDIS_HASH_LENGTH = 40, REDIS_WORDS_MAX = 160, REDIS_TEXT_MAX = 16 * 1024 };

enum redis_stage { REDIS_DOWN, REDIS_RESOLVING, REDIS_CONNECTING, REDIS_UP };

struct redis_pending;
STAILQ_HEAD(redis_queue, redis_pending);

struct redis {
	struct redis_url url;
	char *password_file;
	const struct redis_plan *plan;
	void *arg;
	enum redis_stage stage;
	redisContext *context; /* NULL: none */
	bool told_down;
	char error[REDIS_ERROR_SIZE];      /* the last one */
	char host[REDIS_URL_HOST_MAX + 1]; /* the URL's, or what a node of a cluster named */
	unsigned port;
	unsigned hops;
	char hashes[REDIS_SCRIPTS_MAX][REDIS_HASH_LENGTH + 1];
	unsigned loading;         /* scripts whose hash is not told yet */
	struct redis_queue queue; /* calls not answered, in their order */
	struct loop_watch watch;
	bool wants_room;  /* the socket took no more */
	uint64_t backoff; /* ms */
	struct loop_timer deadline, again;
	struct resolver_question question;

	/* the call begun */
	const char *words[REDIS_WORDS_MAX];
	size_t lengths[REDIS_WORDS_MAX];
	int word_count, key_count;
	char text[REDIS_TEXT_MAX];
	size_t text_length;
};

/* Gives the connection up, fails every call, and connects again after the backoff: for this error, or the last. */
void redis_lost(struct redis *redis, const char *what, const char *why);
void redis_give_up(struct redis *redis);

/* Goes to another node of the cluster; false after too many. */
bool redis_go_to(struct redis *redis, const char *host, size_t host_length, unsigned port);

/* The scripts are loaded: calls may come. */
void redis_came_up(struct redis *redis);

/* --- redis_call.c --- */

/* Makes an error: one line that fits a log, a JSON text and a person's screen.  `why` may be "". */
void redis_set_error(struct redis *redis, const char *what, const char *why);

/* Sends a command, while the connection is set up too. */
void redis_send(struct redis *redis, int count, const char **words, const size_t *lengths, redis_answer *answer,
                void *arg);

/* Before a connection reads anything. */
void redis_bound_answers(redisReader *reader);

/* Hands over the answers that have come. */
void redis_take_answers(struct redis *redis);

/* Answers every call with the error; the connection is gone. */
void redis_fail_all(struct redis *redis);

/* --- redis_setup.c --- */

/* On a new connection; ends in redis_came_up() or redis_lost(). */
void redis_set_up(struct redis *redis);

/* On one that is up, when a script was forgotten. */
void redis_load_scripts(struct redis *redis);

#endif
