/* History in a SQLite file: the engine, split over store_sqlite.c (opening), store_sqlite_fill.c and
 * store_sqlite_ask.c. */
#ifndef AUDITD_STORE_SQLITE_H
#define AUDITD_STORE_SQLITE_H

#include <sqlite3.h>

#include "store_engine.h"

enum store_sqlite_statement { BEGIN, COMMIT, GET_CURSOR, SET_CURSOR, ADD, COUNT, STATEMENTS };

struct store_sqlite {
	struct store store;
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS]; /* of what is done for every record */
	char *path;
	char *journal; /* its id */
	bool failed;   /* the batch did; `error` says why */
	char error[STORE_ERROR_SIZE];
};

/* ", id, kind, ...": the members of a record as columns. */
#define STORE_SQLITE_NAME(type, member) ", " #member
#define STORE_SQLITE_MEMBERS RECORD_MEMBERS(STORE_SQLITE_NAME)

/* --- store_sqlite.c --- */

/* Says that SQLite cannot do `what` ("read") and why, rolls back a transaction that is open; always -1. */
int store_sqlite_fail(struct store_sqlite *store, const char *what, char *error);

/* The number in the first column of the first row, or -1. */
int64_t store_sqlite_number(struct store_sqlite *store, const char *question);

/* Whether this file has the tables of this version: another one would be begun anew by opening it. */
bool store_sqlite_is_current(const char *path);

/* Makes all tables anew.  -1 and the error. */
int store_sqlite_empty(struct store_sqlite *store, char *error);

/* SQLite goes on writing to a file that was deleted, and nobody would ever see it: makes it again.  -1 and the error.
 */
int store_sqlite_reconnect_if_gone(struct store_sqlite *store, char *error);

/* --- store_sqlite_fill.c --- */

void store_sqlite_begin(struct store *base, store_began *began, void *arg);
void store_sqlite_begin_anew(struct store *base, const struct store_cursor *here, store_began *began, void *arg);
bool store_sqlite_add(struct store *base, uint64_t seq, const struct audit_record *record);
void store_sqlite_commit(struct store *base, const struct store_cursor *cursor, store_done *done, void *arg);
void store_sqlite_expire(struct store *base, const struct store_expiry *expiry, store_expired *expired, void *arg);

/* --- store_sqlite_ask.c --- */

void store_sqlite_ask(struct store *base, enum store_question question, const struct store_values *values,
                      store_answer *answer, void *arg);

#endif
