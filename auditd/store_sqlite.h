/* History in a SQLite file: the functions of store.h, split over store_sqlite.c (filling) and
 * store_sqlite_ask.c (asking). */
#ifndef AUDITD_STORE_SQLITE_H
#define AUDITD_STORE_SQLITE_H

#include "row.h"
#include "store.h"

enum store_sqlite_statement { BEGIN, COMMIT, GET_CURSOR, SET_CURSOR, ADD, COUNT, STATEMENTS };

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS]; /* of what is done for every record */
	char *path;
};

/* "seq" and the members of a record: the columns of table records. */
#define STORE_SQLITE_NAME(type, member) ", " #member
#define STORE_SQLITE_COLUMNS "seq" RECORD_MEMBERS(STORE_SQLITE_NAME)

/* As store_open(); the file is made when it is missing. */
struct store *store_sqlite_open(const char *path, char *error);

/* Says that SQLite cannot do `what` ("read") and why, rolls back a transaction that is open; always -1. */
int store_sqlite_fail(struct store *store, const char *what, char *error);

#endif
