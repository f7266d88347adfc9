/* One LIMIT_TAKE, until it is answered. */
#ifndef LIMITERD_TAKE_H
#define LIMITERD_TAKE_H

#include "account.h"
#include "ledger.h"

struct take {
	uint64_t id;        /* of the frame */
	struct lease lease; /* the limiter fills upstream and expires */

	/* the limiter's */
	bool given; /* the answer; else `deny` */
	struct limit_deny deny;
	uint32_t waited; /* ms */
	uint64_t began;
	struct account *account; /* NULL: denied before it was looked up */
	struct pool *pool;       /* NULL: needs no slot */
	struct ledger_row *row;  /* NULL: denied */
	struct pool_waiter waiter;
	TAILQ_ENTRY(take) place;
};

TAILQ_HEAD(takes, take);

#endif
