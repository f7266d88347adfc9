/*
 * Stores for the tests of auditd: of the kind that HEIMGATE_TEST_STORE names
 * (with HEIMGATE_TEST_PASSWORD_FILE), or SQLite.  The functions are those of
 * store.h, waited for; the test ends when one of them fails.
 */
#ifndef TESTS_AUDITD_STORES_H
#define TESTS_AUDITD_STORES_H

#include "../../auditd/store.h"

/* Once, before all else, and again in a child process. */
void stores_prepare(void);

/* Whether they are in PostgreSQL, which all directories share. */
bool stores_are_shared(void);

/* Forgets everything in PostgreSQL.  SQLite is empty in a new directory. */
void stores_empty(void);

/* Runs SQL in PostgreSQL: the text in the first column of its first row, or "".  Valid until the next call. */
const char *stores_sql(const char *sql);

/* For a journal of this id, with a retention that the records of records.h do not exceed for years. */
struct store *stores_open(const char *directory, const char *journal);

struct store_cursor stores_begin(struct store *store);
struct store_cursor stores_begin_anew(struct store *store, const struct store_cursor *here);
void stores_commit(struct store *store, const struct store_cursor *cursor);
bool stores_expire(struct store *store, uint64_t today, uint64_t oldest);
struct usage_total stores_total(struct store *store, const char *key_id, uint64_t since);

/* A store that is as it should be has no more than this many records of a test. */
enum { STORES_ROWS_MAX = 4096 };

struct stores_rows {
	size_t count;
	struct stores_row {
		uint64_t position, seq;
		char journal[32];
	} rows[STORES_ROWS_MAX];
	struct audit_record last;
};

/* Both are static, and valid until the next call. */
const struct stores_rows *stores_tail(struct store *store, uint64_t after, uint64_t limit);
const struct stores_rows *stores_newest(struct store *store, uint64_t count, uint64_t limit);
const struct stores_rows *stores_show(struct store *store, const uint8_t *request_id);

/* A line for each row: "label/name requests+refusals tokens_in>tokens_out\n". */
const char *stores_usage(struct store *store, enum store_by by, const struct store_period *period);

/* Runs the loop until *answered, which a callback sets by stores_answer(). */
void stores_wait(const bool *answered);
void stores_answer(bool *answered);

#endif
