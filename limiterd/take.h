/* One LIMIT_TAKE, until it is answered. */
#ifndef LIMITERD_TAKE_H
#define LIMITERD_TAKE_H

#include "account.h"
#include "ledger.h"
#include "target.h"

struct take {
	uint64_t id;          /* of the frame */
	struct lease lease;   /* whoever decides fills target, upstream and expires */
	struct limits limits; /* of the grant */

	/* the answer */
	bool given;
	struct limit_deny deny;              /* when it is no */
	struct limit_level requests, tokens; /* of the key */
	uint32_t waited;                     /* ms */

	/* whoever decides */
	uint64_t began;          /* ms; 0: not yet */
	struct account *account; /* NULL: denied before it was looked up */
	struct pool *pool;       /* NULL: needs no slot, or none was chosen yet */
	struct turn turn;        /* by which it was chosen */
	struct ledger_row *row;  /* limiter.c's; NULL: denied */
	struct ask *ask;         /* shared.c's */
	struct pool_waiter waiter;
	TAILQ_ENTRY(take) place;
};

TAILQ_HEAD(takes, take);
struct ask;

/* A take to be filled in: all zero, never NULL.  Ends with take_free(). */
struct take *take_new(void);
void take_free(struct take *take);

struct take *take_of(struct pool_waiter *waiter);

#endif
