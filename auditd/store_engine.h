/* What an engine of store.h is made of: for the engines, and for store.c, which chooses one by the URL. */
#ifndef AUDITD_STORE_ENGINE_H
#define AUDITD_STORE_ENGINE_H

#include "store.h"
#include "store_values.h"

enum { STORE_FAILED_STATUS = 400 }; /* from here on a request's model name may be anything */

/* With these values; the columns of the answer are text too. */
enum store_question {
	STORE_TAIL,        /* after, limit */
	STORE_NEWEST,      /* count, limit */
	STORE_SHOW,        /* request id, limit */
	STORE_LINES,       /* journal, seq, limit.  All four: position, journal, seq, the members of a record */
	STORE_TOTAL,       /* key id, since in ms, its first whole day, the beginning of that in ms: tokens, requests */
	STORE_USAGE_KEY,   /* since, until, skip, limit: label, key name, requests, refusals, tokens in, tokens out */
	STORE_USAGE_MODEL, /* the same */
	STORE_USAGE_DAY,   /* the same */
	STORE_QUESTIONS
};

/* What is too old: days since the epoch. */
struct store_expiry {
	uint64_t today;
	uint64_t records_day; /* records before it, */
	uint64_t seq;         /* or before this line */
	uint64_t usage_day;   /* usage before it */
};

/* The functions of store.h. */
struct store_engine {
	void (*close)(struct store *store);
	void (*begin)(struct store *store, store_began *began, void *arg);
	void (*begin_anew)(struct store *store, const struct store_cursor *here, store_began *began, void *arg);
	bool (*add)(struct store *store, uint64_t seq, const struct audit_record *record);
	void (*commit)(struct store *store, const struct store_cursor *cursor, store_done *done, void *arg);
	void (*expire)(struct store *store, const struct store_expiry *expiry, store_expired *expired, void *arg);
	void (*ask)(struct store *store, enum store_question question, const struct store_values *values,
	            store_answer *answer, void *arg);
};

/* An engine's own store begins with this. */
struct store {
	const struct store_engine *engine;
	uint64_t retention; /* days */
};

/* Rows being read, column by column.  An engine's own rows begin with this. */
struct store_rows {
	bool (*next)(struct store_rows *rows);                          /* false: no more */
	const char *(*text)(const struct store_rows *rows, int column); /* of the row there; never NULL */
	int column;                                                     /* the next to be read */
	const char *failure;                                            /* why there are no more; NULL: that was all */
};

/* As store_open(), each for its scheme. */
struct store *store_sqlite_open(const struct store_conf *conf, char *error);
struct store *store_postgres_open(const struct store_conf *conf);

#endif
