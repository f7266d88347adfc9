/*
 * Follows the journal into the store, in slices of a few milliseconds.  The
 * store's own cursor says where to go on, so it may lag, fail, be killed,
 * deleted or belong to another journal: the follower catches up or begins
 * anew.
 */
#ifndef AUDITD_FOLLOWER_H
#define AUDITD_FOLLOWER_H

#include "journal.h"
#include "store.h"

struct follower;

struct follower_state {
	bool well;
	char error[STORE_ERROR_SIZE]; /* why not, or "" */
	uint64_t seq;                 /* of the last line in the store */
	struct segment_place place;   /* all lines before it are in the store, as far as they can be read */
};

/* A step is over.  1: there is more, 0: the store has all that is committed, -1: the store failed. */
typedef void follower_stepped(void *arg, int result);

/* Journal and store must outlive it, but for the store when it is freed. */
struct follower *follower_new(struct journal *journal, struct store *store, follower_stepped *stepped, void *arg);

void follower_free(struct follower *follower);

/*
 * Begins a step: reads for at most FOLLOWER_SLICE_MS, and has the store commit that.  It may be over during this
 * call, and as long as it is not, another call does nothing.
 */
enum { FOLLOWER_SLICE_MS = 4 };
void follower_step(struct follower *follower);

bool follower_is_busy(const struct follower *follower);

const struct follower_state *follower_state(const struct follower *follower);

#endif
