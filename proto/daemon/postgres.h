/*
 * One connection to PostgreSQL on the loop, kept up: connected, its tables
 * brought up to date, its statements prepared; and all of that again, with
 * backoff, whenever it is lost.
 *
 * Queries are answered in the order in which they were asked.  One without an
 * answer within POSTGRES_DEADLINE_MS loses the connection, and with it every
 * query under way; whether a lost change was made is then not known.
 */
#ifndef DAEMON_POSTGRES_H
#define DAEMON_POSTGRES_H

#include <postgresql/libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	POSTGRES_DEADLINE_MS = 4000, /* for an answer, and for a connection to come up */
	POSTGRES_QUEUE_MAX = 1024,   /* queries asked and not answered */
	POSTGRES_ERROR_SIZE = 512
};

struct postgres;

struct postgres_statement {
	const char *name;
	const char *sql; /* with $1, $2, ... */
};

/* What a daemon needs of its database.  Must outlive the process. */
struct postgres_plan {
	const char *program;           /* application_name: "heimgate-authd" */
	const char *schema;            /* made when it is missing; searched first and alone */
	const char *const *migrations; /* SQL, each from one version to the next; never changed once released */
	unsigned migration_count;
	const struct postgres_statement *statements; /* prepared on each connection */
	unsigned statement_count;
	const char *channel;                         /* to LISTEN on; NULL: none */
	void (*up)(void *arg);                       /* ready for queries */
	void (*down)(void *arg, const char *reason); /* not connected (any more), said once until it is up again */
	void (*notified)(void *arg);                 /* something was said on the channel; NULL without one */
};

/* Whether the URL is one: postgresql:// or postgres://, as libpq has it, one host, and no password in it.
 * If not: one line in error[POSTGRES_ERROR_SIZE]. */
bool postgres_url_judge(const char *url, char *error);

/*
 * Begins to connect; the outcome is told by up() and down(), never during this call.  password_file "":
 * none; it is read again for each connection, so that a password can be changed.  Names are resolved
 * through resolver_open(), which comes first unless the host is an address or a directory.
 * Ends the process when there is no memory; the URL has been judged.
 */
struct postgres *postgres_open(const char *url, const char *password_file, const struct postgres_plan *plan, void *arg);

/* Closes; queries under way are answered as lost, up and down are not called.  NULL is fine. */
void postgres_close(struct postgres *postgres);

bool postgres_is_up(const struct postgres *postgres);

/*
 * Takes an answer, once for each query, valid during the call.  `rows` NULL: it failed, and `error` says
 * why in one line; `sqlstate` is then the server's five characters, or "" when the answer was lost.
 */
typedef void postgres_answer(void *arg, const PGresult *rows, const char *error, const char *sqlstate);

/* A value of an answer; "" when it is NULL or there is no such row or column, as no database of ours would answer. */
const char *postgres_value(const PGresult *rows, int row, int column);

/* Runs a prepared statement with text values (copied), NULL for NULL.  When the connection is not up or the queue is
 * full it fails during this call. */
void postgres_ask(struct postgres *postgres, const char *statement, unsigned count, const char *const *values,
                  postgres_answer *answer, void *arg);

/* Runs SQL of our own, several statements if need be; `rows` are the last one's. */
void postgres_run(struct postgres *postgres, const char *sql, postgres_answer *answer, void *arg);

/* Runs "COPY ... FROM STDIN" and feeds it `length` bytes, which are copied. */
void postgres_copy(struct postgres *postgres, const char *sql, const char *data, size_t length, postgres_answer *answer,
                   void *arg);

/* Gives the connection up and makes another: for whoever finds it in a state it cannot use. */
void postgres_reconnect(struct postgres *postgres, const char *reason);

#endif
