/*
 * Where history is queried: records and usage per day, filled from the
 * journal, which stays the truth.  A URL names the store and its scheme the
 * engine: "sqlite:FILE" is a file of this daemon's own, "postgresql://..." is
 * a database that daemons on several hosts fill at one time, each from its
 * own journal.
 *
 * Every call that takes a callback is answered through it exactly once: by
 * SQLite during the call, as fast as the disk's cache is, by PostgreSQL later,
 * from the loop.  An `error` is one line, valid during the callback, and NULL
 * when all went well.
 */
#ifndef AUDITD_STORE_H
#define AUDITD_STORE_H

#include "segment.h"

enum { STORE_ERROR_SIZE = 512 }; /* bytes of error text that say it all */

struct store;

struct store_conf {
	const char *url;           /* one that was judged */
	const char *password_file; /* for PostgreSQL; "": none */
	const char *directory;     /* that a relative file of SQLite's is in */
	const char *journal;       /* the id of the journal that is followed */
	uint64_t retention;        /* days for which records are kept */
	void (*changed)(void);     /* the store came up or went down by itself; NULL: nobody wants to know */
};

/* Whether there is an engine for the URL; if not, one line in error[STORE_ERROR_SIZE] says so. */
bool store_judge(const char *url, char *error);

/* Whether the store is reached over the network: then resolver_open() has to come first. */
bool store_is_remote(const char *url);

/*
 * Opens the store.  A SQLite file with tables of another version is begun anew, and one that cannot be used
 * is NULL and one line in error[STORE_ERROR_SIZE].  PostgreSQL may be down.  The texts are copied.
 */
struct store *store_open(const struct store_conf *conf, char *error);

/* What was not answered yet is answered now, as failed.  NULL is fine. */
void store_close(struct store *store);

/* --- filling: one batch at a time --- */

/* How far the store has followed the journal. */
struct store_cursor {
	struct segment_place place;
	uint64_t seq; /* of the last line in the store; 0: none */
};

typedef void store_began(void *arg, const struct store_cursor *cursor, const char *error);
typedef void store_done(void *arg, const char *error);

/* Begins a batch and tells where to go on.  Unless it failed, store_commit() or store_begin_anew() has to follow. */
void store_begin(struct store *store, store_began *began, void *arg);

/*
 * Begins the batch again in a store that followed another journal, or this one through places it does not have
 * (any more).  SQLite forgets everything and has to be told all again; PostgreSQL keeps what it has and goes on
 * from `here`, where the lines end that both have in common.
 */
void store_begin_anew(struct store *store, const struct store_cursor *here, store_began *began, void *arg);

/* Adds a record to the batch.  False: it was the last, commit now. */
bool store_add(struct store *store, uint64_t seq, const struct audit_record *record);

/* Rows and the cursor change together or not at all. */
void store_commit(struct store *store, const struct store_cursor *cursor, store_done *done, void *arg);

/* --- forgetting --- */

typedef void store_expired(void *arg, bool more, const char *error);

/*
 * Removes some of what is older than it has to be on day `today` (since the epoch), and gives its space back;
 * `more` says that there is more to do.  Of SQLite's records those before line `oldest`, the first of the journal.
 * PostgreSQL also makes room for the days to come.
 */
void store_expire(struct store *store, uint64_t today, uint64_t oldest, store_expired *expired, void *arg);

/* --- asking --- */

struct store_rows;

/* `rows` are read with store_next_...() during the callback; NULL with an error. */
typedef void store_answer(void *arg, struct store_rows *rows, const char *error);

/* Records have a position in the store, from 1: one that becomes visible has a greater one than all that were. */
void store_tail(struct store *store, uint64_t after, uint64_t limit, store_answer *answer, void *arg);

/* The last `count` records, of these the first `limit` ones. */
void store_newest(struct store *store, uint64_t count, uint64_t limit, store_answer *answer, void *arg);

/* At most `limit` records of a journal behind its line `seq`, in the order of lines. */
void store_lines(struct store *store, const char *journal, uint64_t seq, uint64_t limit, store_answer *answer,
                 void *arg);

/* At most `limit` records of a request. */
void store_show(struct store *store, const uint8_t *request_id, uint64_t limit, store_answer *answer, void *arg);

/* Requests and tokens of a key from `since` (ms since the epoch, up to RECORD_TIME_MAX) on. */
void store_total(struct store *store, const char *key_id, uint64_t since, store_answer *answer, void *arg);

enum store_by { STORE_BY_KEY, STORE_BY_MODEL, STORE_BY_DAY, STORE_BY_LAST = STORE_BY_DAY };

/* Usage of whole UTC days, since <= day < until (since the epoch), at most `limit` rows after the first `skip`.
 * By model, requests that failed and refusals stand under "". */
struct store_period {
	uint64_t since, until, skip, limit;
};
void store_usage(struct store *store, enum store_by by, const struct store_period *period, store_answer *answer,
                 void *arg);

/* --- reading answers --- */

struct store_record {
	uint64_t position;
	const char *journal; /* id of the one that has it; borrowed until the next row */
	uint64_t seq;        /* of its line there */
	struct audit_record record;
};

struct store_usage {
	const char *label;    /* key id, model or "2026-10-05"; borrowed until the next row */
	const char *key_name; /* likewise; "" unless by key */
	uint64_t requests, refusals, tokens_in, tokens_out;
};

/* The next row; false: there are no more, or store_failure() says why not. */
bool store_next_record(struct store_rows *rows, struct store_record *record);
bool store_next_usage(struct store_rows *rows, struct store_usage *usage);
bool store_next_total(struct store_rows *rows, struct usage_total *total); /* there is one */

/* Why rows ended early; NULL: they did not. */
const char *store_failure(const struct store_rows *rows);

#endif
