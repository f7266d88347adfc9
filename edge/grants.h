/*
 * Grants kept until they expire, so that a busy key costs no question to
 * authd per request.  Found by the whole SHA-256 of the credential, compared
 * in constant time.  Bounded: GRANTS_MAX grants of at most GRANT_MAX bytes; a
 * full set of the table gives up the one that would have expired first.
 */
#ifndef EDGE_GRANTS_H
#define EDGE_GRANTS_H

#include "../proto/wire/msg_auth.h"

enum { GRANTS_SETS = 256, GRANTS_WAYS = 4, GRANTS_MAX = GRANTS_SETS * GRANTS_WAYS };

struct grants_entry {
	uint8_t credential[CREDENTIAL_HASH_SIZE];
	char key_id[KEY_ID_MAX + 1];
	char key_name[KEY_NAME_MAX + 1];
	uint64_t generation;
	uint64_t expires;         /* ms since the epoch; 0: nothing is kept here */
	struct wire_bytes sealed; /* as authd made it */
};

/* The grant of a credential at the time now_ms (since the epoch), or NULL.  Valid until the next grants_* call. */
const struct grants_entry *grants_find(const uint8_t *credential, uint64_t now_ms);

/* Keeps a copy of a sealed grant.  NULL when it cannot be read or is outside its time; else as above. */
const struct grants_entry *grants_keep(const uint8_t *credential, struct wire_bytes sealed, uint64_t now_ms);

/* Forgets what a credential was granted. */
void grants_drop(const uint8_t *credential);

/* Forgets every grant of the key with a smaller generation. */
void grants_revoke(const char *key_id, uint64_t generation);

#endif
