/* What the files of decider.h know of each other: decider.c has takes and outages, decider_lease.c has leases. */
#ifndef LIMITERD_DECIDER_PRIVATE_H
#define LIMITERD_DECIDER_PRIVATE_H

#include "decider.h"

/* --- decider.c --- */

struct instant decider_now(void);

/* --- decider_lease.c --- */

/* Moves a lease by the limiter of this process, unless the policy is closed. */
void decider_move_here(struct decider *decider, struct move *move);

#endif
