/*
 * Where keys outlive a restart.  A URL names the store and its scheme the
 * engine: "sqlite:FILE" is this host's alone and answers during each call;
 * "postgresql://USER@HOST/DATABASE" may be shared by several hosts and
 * answers later, from the loop.
 *
 * A store hands over every key, and from then on each key that is new or
 * changed, by this host or another.  It never takes one away.
 */
#ifndef AUTHD_STORE_H
#define AUTHD_STORE_H

#include <stddef.h>

#include "key.h"

enum { STORE_ERROR_SIZE = 512 }; /* bytes of error text that say it all */

struct store;

/* What a store tells; all of them may happen during store_open(). */
struct store_events {
	/* Every key follows, from the first one on: those handed over before count no more. */
	void (*reset)(void *arg);
	/* A key that is new or changed, or not.  The taker owns it.  -1: it could not be taken, and comes again. */
	int (*found)(void *arg, struct key *key);
	/* There is no key now that was not handed over. */
	void (*loaded)(void *arg);
	/* There may be such keys, until the next `loaded`: the store cannot be read.  Told once. */
	void (*lost)(void *arg);
	void *arg;
};

struct store_setup {
	const char *url;
	const char *password_file; /* of PostgreSQL; "": none */
	const char *directory;     /* of files that are named relative to it; made if need be */
	struct store_events events;
};

/* Whether the URL names a store.  If not: one line in error[STORE_ERROR_SIZE], which does not repeat the URL. */
bool store_judge(const char *url, char *error);

/* Whether it is a database that others may change too, and that may be unreachable. */
bool store_is_remote(const char *url);

/*
 * Opens the store, bringing its tables up to date.  After priv_drop() and loop_open() and before
 * sandbox_enter(): it allows itself what it needs.  NULL when it cannot be used, ever, with one line in
 * error[STORE_ERROR_SIZE]; a database that is down is no such case.
 */
struct store *store_open(const struct store_setup *setup, char *error);

/* Closes; saves that have no outcome yet are refused.  NULL is fine. */
void store_close(struct store *store);

enum store_outcome {
	STORE_SAVED,   /* for good */
	STORE_REFUSED, /* neither the store nor the key has changed */
	STORE_UNKNOWN  /* the answer was lost; whether it was saved or refused is told later */
};

/* Takes the outcome: with STORE_SAVED the key's new generation, else the reason, in one line. */
typedef void store_saved(void *arg, enum store_outcome outcome, uint64_t generation, const char *reason);

/*
 * Writes the key, new or changed, and gives it the next generation, which no key has had before; the
 * key is borrowed during the call.  Refused when its generation is not the key's generation in the
 * store any more (0: it is not there), or when another key has its secret, or an active one its name.
 */
void store_save(struct store *store, const struct key *key, store_saved *saved, void *arg);

/* Whether store_save() would find its store usable; if not, why, in text[STORE_ERROR_SIZE]: words that a stranger may
 * read. */
bool store_is_well(struct store *store, char *text);

#endif
