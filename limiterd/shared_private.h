/* What the files of shared.h know of each other: shared.c asks Redis about takes, shared_move.c about leases that go on
 * elsewhere, shared_time.c does what time demands. */
#ifndef LIMITERD_SHARED_PRIVATE_H
#define LIMITERD_SHARED_PRIVATE_H

#include "shared.h"

/* --- shared.c --- */

/* How long a lease is held in Redis unless it is kept, in ms. */
uint64_t shared_lease_span(const struct shared *shared);

void shared_deny_slot(struct shared *shared, struct take *take);
void shared_deny_now(struct shared *shared, struct take *take);

/* Asks for whose turn it is, while there seems to be room. */
void shared_serve(struct shared *shared, struct pool *pool);

/* Takes back a take that is not answered. */
struct take *shared_withdraw(struct shared *shared, struct ask *ask);

/* Lets a take that was withdrawn, and had been in its turn, wait on where it waited; false when there is no room. */
bool shared_wait_on(struct shared *shared, struct take *take);

/* Redis will not decide a take that was withdrawn: whoever decides instead chooses anew. */
void shared_leave_undecided(struct shared *shared, struct take *take);

/* --- shared_move.c --- */

/* Those whose answer is late are not awaited any more. */
void shared_end_late_moves(struct shared *shared);

/* When that is needed next, in ms; or UINT64_MAX. */
uint64_t shared_moves_due(const struct shared *shared);

#endif
