/* History in PostgreSQL: the engine, split over store_postgres.c (connection and cursor), store_postgres_fill.c and
 * store_postgres_ask.c; store_postgres_sql.c has the SQL. */
#ifndef AUDITD_STORE_POSTGRES_H
#define AUDITD_STORE_POSTGRES_H

#include "store_postgres_sql.h"

enum {
	STORE_POSTGRES_BATCH_BYTES = 256 * 1024,
	STORE_POSTGRES_BATCH_RECORDS = 500,
	STORE_POSTGRES_DAYS_AHEAD = 3 /* that there are partitions for before they begin */
};

struct store_postgres {
	struct store store;
	struct postgres *postgres;
	char *journal; /* its id */
	void (*changed)(void);
	bool is_down;                  /* and not just on its way up, */
	char reason[STORE_ERROR_SIZE]; /* which is why */
	char error[STORE_ERROR_SIZE];  /* of whatever failed last */

	bool knows_cursor; /* what the database has; not known after a failure */
	struct store_cursor cursor;
	char number[STORE_VALUES_NUMBER]; /* the journal's in the database */

	struct store_cursor next; /* the cursor as it will be with the batch */
	unsigned count;           /* records in the batch */
	struct wire_out batch;    /* "[{...},{...}" */
	char bytes[STORE_POSTGRES_BATCH_BYTES];

	/* Whoever waits; NULL: nobody. */
	store_began *began;
	store_done *done;
	store_expired *expired;
	void *began_arg, *done_arg, *expired_arg;
};

/* --- store_postgres.c --- */

/* "cannot write to the store: why", for one callback. */
const char *store_postgres_failure(struct store_postgres *store, const char *what, const char *why);

/* Adds the three numbers of a cursor. */
void store_postgres_cursor(struct store_values *values, const struct store_cursor *cursor);

/* --- store_postgres_fill.c --- */

/* An empty batch begins. */
void store_postgres_clear(struct store_postgres *store);

bool store_postgres_add(struct store *base, uint64_t seq, const struct audit_record *record);
void store_postgres_commit(struct store *base, const struct store_cursor *cursor, store_done *done, void *arg);
void store_postgres_expire(struct store *base, const struct store_expiry *expiry, store_expired *expired, void *arg);

/* --- store_postgres_ask.c --- */

void store_postgres_ask(struct store *base, enum store_question question, const struct store_values *values,
                        store_answer *answer, void *arg);

#endif
