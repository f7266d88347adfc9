/*
 * The slots of one upstream, and the bounded queue in front of them.
 *
 * Fair across keys: waiters stand in one line per key, and a slot that falls
 * free goes to the oldest waiter of the line whose turn it is.  When the queue
 * is full a key with a shorter line displaces the newest waiter of the longest.
 * Taking, waiting and leaving cost the same however many wait, except into a
 * full queue, where the lines are looked through.
 *
 * Pure: the clock is passed in, in monotonic milliseconds.
 */
#ifndef LIMITERD_POOL_H
#define LIMITERD_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "../proto/daemon/models.h"

#define POOL_NO_DEADLINE UINT64_MAX

struct pool_line; /* the waiters of one key at one pool */

/* Whoever waits: embedded in a key's account.  All zero is ready for use. */
struct pool_party {
	struct pool_line *lines; /* one per pool at which it waits */
};

/* One caller waiting: embedded in the caller's take, and staying where it is meanwhile. */
struct pool_waiter {
	TAILQ_ENTRY(pool_waiter) in_line; /* oldest first */
	TAILQ_ENTRY(pool_waiter) in_time; /* earliest deadline first */
	struct pool_line *line;           /* NULL: not waiting */
	uint64_t deadline;
};

TAILQ_HEAD(pool_waiters, pool_waiter);
TAILQ_HEAD(pool_turns, pool_line);

struct pool {
	struct pool *next; /* in struct pools */
	char name[UPSTREAM_NAME_MAX + 1];
	unsigned slots;           /* 0: the upstream is no longer configured */
	unsigned acquire_timeout; /* ms a caller may wait */
	unsigned queue_max;
	unsigned in_use; /* may exceed slots after a reload or an adoption */
	unsigned waiting;
	struct pool_turns turns;
	struct pool_waiters deadlines;

	/* for slots that are counted elsewhere */
	unsigned asking;     /* takes for which a slot is being asked for */
	uint64_t next_guess; /* ms */
	bool guessing;
	bool freed; /* a slot, since the guess was made */
};

/* The pools of all upstreams.  All zero is none. */
struct pools {
	struct pool *first;
	struct pool **of_upstream; /* by index in models.json */
};

/* Makes the pools what models.json says.  A pool keeps what is in use and who waits by its name; one that
 * is no longer named has no slots, and goes when it is empty. */
void pools_update(struct pools *pools, const struct models *models, unsigned queue_max);

/* NULL when there is none. */
struct pool *pools_find(const struct pools *pools, const char *name);

void pool_init(struct pool *pool, const char *name, unsigned queue_max);

/* Whether a slot is free for whoever comes now. */
bool pool_has_room(const struct pool *pool);

/* Takes a slot at once, unless there is none or others were first. */
bool pool_take(struct pool *pool);

/* Takes a slot whether there is one or not: for a lease given before a restart. */
void pool_adopt(struct pool *pool);

/* Gives a slot back.  Ask pool_next() afterwards. */
void pool_release(struct pool *pool);

/* Joins the queue; false when it is full.  *displaced: who had to leave a full one for that, or NULL. */
bool pool_join(struct pool *pool, struct pool_party *party, struct pool_waiter *waiter, uint64_t deadline,
               struct pool_waiter **displaced);

/* Puts back whom pool_next() gave a slot that there is not: it is its turn again, its deadline stays.  The slot is not
 * given back. */
void pool_return(struct pool *pool, struct pool_party *party, struct pool_waiter *waiter);

/* Leaves the queue without a slot. */
void pool_leave(struct pool_waiter *waiter);

/* The next waiter to get a slot, which it now has; NULL when there is no slot or nobody waits. */
struct pool_waiter *pool_next(struct pool *pool);

/* A waiter whose time is over, already removed; NULL when there is none. */
struct pool_waiter *pool_late(struct pool *pool, uint64_t now);

/* The earliest deadline, or POOL_NO_DEADLINE. */
uint64_t pool_deadline(const struct pool *pool);

/*
 * When slots are counted elsewhere `in_use` is what was said of it last.  It is then corrected by what is known
 * here, and while somebody waits a free slot is supposed now and then, to be asked for.  Ask pool_next() after each.
 */
enum { POOL_GUESS_MS = 20 };

/* So many are in use, without those in `asking`. */
void pool_heard(struct pool *pool, uint64_t in_use, uint64_t now);

/* A slot is given back here.  Nobody's turn comes while another's is being guessed at: the guess may have been too
 * early. */
void pool_freed(struct pool *pool);

/* Supposes that a slot is free, if somebody waits and it is time. */
void pool_guess(struct pool *pool, uint64_t now);

/* Supposes the same when nobody waits and nothing was heard for POOL_GUESS_MS, so that a full pool is asked again. */
void pool_doubt(struct pool *pool, uint64_t now);

/* When pool_guess() or pool_late() is needed next, in ms; or POOL_NO_DEADLINE. */
uint64_t pool_guess_due(const struct pool *pool);

#endif
