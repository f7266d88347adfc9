/*
 * A host as the tests of stores see it: a store that was opened, and the keys
 * that it has handed over.  The store is the one that HEIMGATE_TEST_STORE
 * names (with HEIMGATE_TEST_PASSWORD_FILE), or a SQLite file.
 */
#ifndef TESTS_AUTHD_HOST_H
#define TESTS_AUTHD_HOST_H

#include "../../authd/keystore.h"
#include "../../authd/store.h"

struct host {
	struct store *store;
	struct keystore *keys;
	unsigned loads, losses; /* how often it was told so */
};

/* How a save went. */
struct host_outcome {
	bool known;
	enum store_outcome outcome;
	uint64_t generation;
	char reason[STORE_ERROR_SIZE];
};

/* Once, before all else; makes the directory of SQLite files, which is returned. */
const char *host_prepare(void);

/* Whether several hosts may open the store at one time. */
bool host_is_shared(void);

/* Opens it and waits until it is loaded; the test ends when that fails. */
void host_open(struct host *host);
void host_close(struct host *host);

/* Begins a save; *outcome must stay where it is until it is known. */
void host_begin_save(struct host *host, const struct key *key, struct host_outcome *outcome);

/* Runs the loop until the outcome is known. */
void host_wait(const struct host_outcome *outcome);

/* Both, for one key, which gets its generation. */
struct host_outcome host_save(struct host *host, struct key *key);

/* Runs the loop until the host has the key in this generation. */
void host_wait_for(struct host *host, const char *id, uint64_t generation);

/* A key with every field filled, whose hash has this byte all over. */
struct key *host_make_key(const char *id, uint8_t secret);

#endif
