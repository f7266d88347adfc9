/*
 * Where history is queried: records and usage per day, filled from the
 * journal, which stays the truth.  A URL names the store and its scheme the
 * engine; "sqlite:FILE" is the one there is (store_sqlite.c).
 *
 * Rows and the cursor change in one transaction, so that a record is in the
 * store exactly when the cursor is behind it.  Calls take as long as the
 * disk's cache does; none waits for the disk itself except now and then
 * store_commit().
 */
#ifndef AUDITD_STORE_H
#define AUDITD_STORE_H

#include "segment.h"

enum { STORE_ERROR_SIZE = 512 }; /* bytes of error text that say it all */

struct store;

/* How far the store has followed the journal. */
struct store_cursor {
	struct segment_place place;
	uint64_t seq; /* of the line before it; 0: none */
};

/* Whether there is an engine for the URL's scheme; if not, one line in error[STORE_ERROR_SIZE] says so. */
bool store_known(const char *url, char *error);

/* Opens a store that is known, relative files under `directory`; tables of another version are made anew and empty.
 * NULL and one line in error[STORE_ERROR_SIZE] on failure, as for all calls here that take one. */
struct store *store_open(const char *url, const char *directory, char *error);
void store_close(struct store *store);

/* --- filling.  0, or -1 and the error; after an error the transaction is rolled back. --- */

/* Begins a transaction and tells where to go on.  A store that was deleted under us is begun anew. */
int store_begin(struct store *store, struct store_cursor *cursor, char *error);
int store_add(struct store *store, uint64_t seq, const struct audit_record *record, char *error);
int store_commit(struct store *store, const struct store_cursor *cursor, char *error);

/* Forgets everything: the journal is another one. */
int store_clear(struct store *store, char *error);

/*
 * Removes some of the records before `seq`, usage before `day` (days since the epoch), and gives unused
 * space back.  1: there is more to do, 0: done, -1 and the error.
 */
int store_expire(struct store *store, uint64_t seq, uint64_t day, char *error);

/* --- asking --- */

/* Takes one row; false: no more of them, please.  The record is valid during the call. */
typedef bool store_visit(void *arg, uint64_t seq, const struct audit_record *record);

/* Records after `seq`, in order, at most `limit`. */
int store_tail(struct store *store, uint64_t seq, uint64_t limit, store_visit *visit, void *arg, char *error);

/* All records of a request. */
int store_show(struct store *store, const uint8_t *request_id, store_visit *visit, void *arg, char *error);

/* Requests and tokens of a key from `since` (ms since the epoch) on. */
int store_total(struct store *store, const char *key_id, uint64_t since, struct usage_total *total, char *error);

enum store_by { STORE_BY_KEY, STORE_BY_MODEL, STORE_BY_DAY, STORE_BY_LAST = STORE_BY_DAY };

struct store_usage {
	const char *label;    /* key id, model or "2026-10-05" */
	const char *key_name; /* "" unless by key */
	uint64_t requests, refusals, tokens_in, tokens_out;
};

/* Usage of whole UTC days, since <= day < until, leaving out the first `skip` rows.
 * By model, requests that failed and refusals stand under "". */
struct store_period {
	uint64_t since, until; /* days since the epoch */
	uint64_t skip;
};
typedef bool store_visit_usage(void *arg, const struct store_usage *usage);
int store_usage(struct store *store, enum store_by by, const struct store_period *period, store_visit_usage *visit,
                void *arg, char *error);

#endif
