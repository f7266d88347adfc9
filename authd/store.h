/*
 * Where keys outlive a restart.  A URL names the store and its scheme the
 * engine; "sqlite:FILE" is the one there is (store_sqlite.c).
 *
 * Calls block for as long as the disk takes: they happen at start-up and when
 * an administrator changes something, never on the request path.
 */
#ifndef AUTHD_STORE_H
#define AUTHD_STORE_H

#include <stddef.h>

#include "key.h"

enum { STORE_ERROR_SIZE = 512 }; /* bytes of error text that say it all */

struct store;

/* Whether the URL's scheme is one that store_open() knows. */
bool store_knows(const char *url);

/*
 * Opens the store, bringing its tables up to date; relative files are under `directory`, which is made
 * if need be.  Call before sandbox_enter(): it allows itself its own files.  On failure: NULL, and one
 * line in error[STORE_ERROR_SIZE], as for all calls here.
 */
struct store *store_open(const char *url, const char *directory, char *error);

void store_close(struct store *store);

/* Hands over every key; the visitor owns it and returns -1 to stop.  0, or -1 and the error. */
int store_load(struct store *store, int (*visit)(void *arg, struct key *key), void *arg, char *error);

/* Writes the key, new or changed, and gives it the next generation, which no key has had before.
 * On disk when it returns 0; on -1 neither the store nor the key has changed. */
int store_save(struct store *store, struct key *key, char *error);

/* Whether store_save() would find its store writable: 0, or -1 and the error. */
int store_check(struct store *store, char *error);

#endif
