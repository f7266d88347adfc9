/*
 * Leases on their way back to limiterd: each is settled until limiterd says
 * so, again whenever the link comes back and whenever limiterd had no room.
 */
#ifndef PROXYD_SETTLE_H
#define PROXYD_SETTLE_H

#include "../proto/daemon/ipc.h"
#include "../proto/wire/msg_limit.h"

enum { SETTLE_WINDOW = 4096 }; /* settlements not yet confirmed; the oldest are left to expire at limiterd */

struct settle_entry; /* one settlement */

/* Zero-initialised it is empty. */
struct settle {
	struct ipc_link *limiterd;
	uint64_t next;                               /* frame id of the next one */
	uint64_t unsent;                             /* and of the first that could not be sent */
	bool postponed;                              /* limiterd had no room for some */
	struct settle_entry *entries[SETTLE_WINDOW]; /* place: frame id modulo the window */
};

/* Takes over sealed[length], the caller's malloc(), and tells limiterd what the lease used. */
void settle_put(struct settle *settle, uint8_t *sealed, size_t length, uint64_t tokens, bool charged);

/* limiterd has settled, or will never settle, the one with this frame id. */
void settle_done(struct settle *settle, uint64_t id);

/* limiterd has no room for one now. */
void settle_postpone(struct settle *settle);

/* Sends what could not be sent or was postponed. */
void settle_push(struct settle *settle);

/* The link is up: sends everything again. */
void settle_again(struct settle *settle);

void settle_free(struct settle *settle);

#endif
