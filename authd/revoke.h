/*
 * Telling edge and proxyd that stamps are void.  A change is announced at
 * once, and again to whoever comes back within REVOKE_KNOWN_MS: longer than
 * any stamp lives, so that nobody misses one that matters.
 */
#ifndef AUTHD_REVOKE_H
#define AUTHD_REVOKE_H

#include "../proto/daemon/ipc.h"
#include "keystore.h"

enum { REVOKE_KNOWN_MS = 60 * 1000, REVOKE_LINKS_MAX = 2 };

/* The keys whose changes are announced; call once, first.  They must outlive the process. */
void revoke_open(const struct keystore *keys);

/* Adds a link to announce on; whoever opened it calls revoke_repeat() each time it comes up. */
void revoke_add_link(struct ipc_link *link);

/* Announces which stamps of the key its last change made void, if any. */
void revoke_announce(const struct key *key);

/* What came after this generation was changed elsewhere and is recent here, however long ago it was. */
void revoke_since(uint64_t generation);

/* Announces all recent changes on a link. */
void revoke_repeat(struct ipc_link *link);

#endif
