/* One key: who holds it, what they may do, and which secrets open it. */
#ifndef AUTHD_KEY_H
#define AUTHD_KEY_H

#include "../proto/wire/msg_auth.h"

enum { KEY_OWNER_MAX = 128, KEY_FORMER_OVER = 1 };

enum key_state { KEY_ACTIVE, KEY_REVOKED, KEY_EXPIRED };

/* The secret before the last rotation. */
struct key_former {
	uint64_t until; /* ms; it opens the key before this moment; 0: there is none; KEY_FORMER_OVER: never */
	uint64_t generation;
	uint8_t hash[CREDENTIAL_HASH_SIZE];
};

/* Times are ms since the epoch. */
struct key {
	char id[KEY_ID_MAX + 1];
	char name[KEY_NAME_MAX + 1];
	char owner[KEY_OWNER_MAX + 1]; /* free text, may be "" */
	struct limits limits;
	struct scope scope;
	uint64_t generation; /* of the last change; stamps for the present secret carry it */
	uint64_t created;
	uint64_t changed;
	uint64_t expires; /* 0: never */
	uint64_t revoked; /* 0: not */
	uint8_t hash[CREDENTIAL_HASH_SIZE];
	struct key_former former;
	char models[]; /* newline between; "": every model */
};

/* A key that is all zero but for its models; the caller frees it.  NULL: out of memory. */
struct key *key_new(const char *models);

/* The caller frees it.  NULL: out of memory. */
struct key *key_copy(const struct key *key);

/* Whether nothing tells them apart. */
bool key_equal(const struct key *a, const struct key *b);

enum key_state key_state(const struct key *key, uint64_t now);
const char *key_state_name(enum key_state state);

/* The oldest generation whose stamps are good: what a revocation announces. */
uint64_t key_floor(const struct key *key, uint64_t now);

#endif
