/*
 * Leases that are done, on their way to Redis: each is settled there until
 * Redis says so, however long that takes.
 */
#ifndef LIMITERD_SETTLING_H
#define LIMITERD_SETTLING_H

#include "counters.h"

enum { SETTLING_MAX = 16384 };

struct settlement;
TAILQ_HEAD(settlements, settlement);

struct settling {
	struct redis *redis;
	void (*settled)(void *arg, uint64_t id); /* counted */
	void *arg;
	struct settlements waiting; /* oldest first */
	struct settlements sent;
	unsigned count;
};

void settling_init(struct settling *settling, struct redis *redis, void (*settled)(void *arg, uint64_t id), void *arg);

/* Takes a settlement, and says settled(id) when it is counted.  WIRE_BUSY when there are too many. */
enum wire_error settling_put(struct settling *settling, uint64_t id, const struct lease *lease, uint64_t used,
                             bool charged);

/* Sends those that wait.  Only while Redis is up. */
void settling_send(struct settling *settling);

/* Whoever waited to hear of any is gone: they go on, and nobody is told. */
void settling_tell_nobody(struct settling *settling);

#endif
