/* What the files of postgres.h know of each other: postgres.c connects, postgres_query.c asks, postgres_setup.c
 * makes a new connection usable, postgres_url.c reads what people wrote. */
#ifndef DAEMON_POSTGRES_PRIVATE_H
#define DAEMON_POSTGRES_PRIVATE_H

#include <stdint.h>
#include <sys/queue.h>

#include "loop.h"
#include "postgres.h"
#include "resolver.h"

enum postgres_stage { POSTGRES_DOWN, POSTGRES_RESOLVING, POSTGRES_CONNECTING, POSTGRES_SETTING_UP, POSTGRES_UP };

struct postgres_query;
STAILQ_HEAD(postgres_queries, postgres_query);

struct postgres {
	char *url, *password_file;
	char *host; /* to be resolved; "" or a directory: nothing is */
	const struct postgres_plan *plan;
	void *arg;
	PGconn *connection; /* NULL: none */
	enum postgres_stage stage;
	bool told_down;
	bool wants_room; /* to be woken when the socket takes more */
	struct loop_watch watch;
	struct loop_timer deadline; /* for what is under way */
	struct loop_timer again;    /* armed: to connect then */
	uint64_t backoff;           /* ms */
	struct resolver_question question;
	struct postgres_queries queue; /* the first one is with the server */
	unsigned queue_length;
};

/* Gives the connection up, fails every query, and connects again after the backoff. */
void postgres_lost(struct postgres *postgres, const char *reason);

/* An answer is expected within POSTGRES_DEADLINE_MS from now. */
void postgres_expect(struct postgres *postgres);

/* Whether to be woken when the socket takes more. */
void postgres_watch_for_room(struct postgres *postgres, bool wanted);

/* Set up: queries may come. */
void postgres_came_up(struct postgres *postgres);

/* --- postgres_query.c --- */

/* Runs SQL while the connection is set up. */
void postgres_push(struct postgres *postgres, const char *sql, postgres_answer *answer);

/* The socket has something, or room. */
void postgres_work(struct postgres *postgres);

/* Answers every query with the error; the connection is gone. */
void postgres_fail_all(struct postgres *postgres, const char *error);

/* --- postgres_setup.c --- */

/* On a new connection; ends in postgres_came_up() or postgres_lost(). */
void postgres_set_up(struct postgres *postgres);

/* --- postgres_url.c --- */

/* The host of a URL that was judged; the caller frees, never NULL. */
char *postgres_url_host(const char *url);

/* libpq's messages have several lines, a line of the log has one: into text[POSTGRES_ERROR_SIZE]. */
void postgres_one_line(char *text, const char *message);

#endif
