/*
 * All keys, in memory: by id, and by the SHA-256 of each secret that opens or
 * used to open them.  What is asked for on the request path is answered here.
 */
#ifndef AUTHD_KEYSTORE_H
#define AUTHD_KEYSTORE_H

#include <stddef.h>

#include "key.h"

struct keystore;

struct keystore_match {
	const struct key *key; /* NULL: nobody's */
	bool former;           /* it is the secret before the last rotation */
};

/* Ends the process when there is no memory. */
struct keystore *keystore_new(void);
void keystore_free(struct keystore *store);

/* Forgets every key. */
void keystore_clear(struct keystore *store);

/* Makes room for one more key.  -1: out of memory, and nothing has changed. */
int keystore_reserve(struct keystore *store);

/* Takes the key, in place of the one with its id if there is one; keystore_reserve() came before. */
void keystore_put(struct keystore *store, struct key *key);

size_t keystore_count(const struct keystore *store);

/* Keys in the order of their ids; index < keystore_count(). */
const struct key *keystore_at(const struct keystore *store, size_t index);

/* Index of the first key whose id sorts after this one. */
size_t keystore_after(const struct keystore *store, const char *id);

/* The keys found are borrowed: valid until the next keystore_put(). */

const struct key *keystore_find(const struct keystore *store, const char *id);

/* The active key of that name, or NULL. */
const struct key *keystore_find_name(const struct keystore *store, const char *name, uint64_t now);

/* Whose secret has this SHA-256.  Compares in constant time. */
struct keystore_match keystore_match(const struct keystore *store, const uint8_t *credential);

#endif
