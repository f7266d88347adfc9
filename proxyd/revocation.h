/*
 * Keys that were revoked or rotated lately: a lease made under an older
 * generation opens nothing.  A revocation is remembered until every grant and
 * lease made before it has run out.
 */
#ifndef PROXYD_REVOCATION_H
#define PROXYD_REVOCATION_H

#include "../proto/wire/msg_auth.h"

enum {
	REVOCATION_MS = 2 * STAMP_LIFE_MAX_MS, /* a grant's life and that of a lease made at its end */
	REVOCATIONS_MAX = 4096                 /* remembered; with more, every lease is refused for that time */
};

struct revocation {
	struct auth_revoke revoke;
	uint64_t until; /* ms */
};

/* Zero-initialised it is empty.  Times are from any clock that never goes back. */
struct revocations {
	size_t count;
	uint64_t full_until; /* ms */
	struct revocation list[REVOCATIONS_MAX];
};

void revocation_add(struct revocations *revocations, const struct auth_revoke *revoke, uint64_t now_ms);

/* Whether a lease of this key and generation is void. */
bool revocation_covers(const struct revocations *revocations, const struct lease *lease, uint64_t now_ms);

#endif
