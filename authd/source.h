/*
 * Where the keys in memory come from: the store, which is followed from its
 * first word on, or, at a start at which a store of PostgreSQL cannot be
 * reached, the snapshot.
 */
#ifndef AUTHD_SOURCE_H
#define AUTHD_SOURCE_H

#include "../proto/daemon/conf.h"
#include "keystore.h"
#include "store.h"

/*
 * Opens the store and follows it: `keys` is filled, and what others change is announced.  Holds readiness
 * until there are keys or it is known that there are none to be had.  Call after priv_drop(), before
 * sandbox_enter(); ends the process on failure.  Returns the store, which source_close() closes.
 */
struct store *source_open(const struct conf_authd *conf, struct keystore *keys);

/* Whether there are keys at all: until then nothing can be said about any. */
bool source_has_keys(void);

/* Whether there is no key that is not in memory: then a secret that opens none is nobody's. */
bool source_is_current(void);

/* Takes a key that was saved and makes it what counts; the caller announces it. */
void source_put(struct key *key);

/* Whether the store is well; if not, what is the matter and what that means, in text[STORE_ERROR_SIZE]. */
bool source_is_well(char *text);

void source_close(void);

#endif
