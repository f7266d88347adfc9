/*
 * The decision: may this request be made now?  Accounts, pools and the ledger
 * come together here, without a socket or a clock.
 *
 * What a take holds while it waits for a slot: its place in requests per
 * minute, its tokens (rate and budget) and one of its key's concurrent
 * requests; no slot.  While it waits for the budget's history it holds
 * nothing.  All of it is returned when it is denied or cancelled.
 *
 * A lease is given up LIMITER_SLACK_MS after its life, unless it is kept or
 * settled.  One that was never kept is returned but for its request, which
 * stays counted: edge could still use it, and would have it for nothing; one
 * that was kept is charged what it had reserved.  A KEEP or SETTLE that comes
 * later all the same, or after a restart, takes the lease up again.
 */
#ifndef LIMITERD_LIMITER_H
#define LIMITERD_LIMITER_H

#include "history.h"

enum { LIMITER_SLACK_MS = 2500 }; /* a stream opened at the last moment is first kept this much later */

struct limiter {
	struct targets *targets;
	uint64_t lease_life; /* ms */
	struct accounts accounts;
	struct pools pools;
	struct ledger ledger;
	struct history history;
	struct takes answered; /* to be fetched with limiter_next() */
	uint32_t era;          /* of the edge link */
	uint64_t next_sweep;   /* ms */
};

/* The targets are the caller's, and stay. */
void limiter_init(struct limiter *limiter, uint64_t lease_life, struct targets *targets);

/* Follows the models.json that its targets follow; before the first take, and after each target_follow(). */
void limiter_follow(struct limiter *limiter, unsigned queue_max, struct instant at);

/* Whether a take of this id is waiting or has been leased. */
bool limiter_knows(const struct limiter *limiter, uint64_t take_id);

/* Decides, or lets it wait.  lease.id, the identity, the route, the model and the tokens are filled in. */
void limiter_take(struct limiter *limiter, struct take *take, const struct limits *limits, struct instant at);

/* The next answer, the caller's to take_free(); NULL when there is none now.  Ask after every call that takes an
 * instant. */
struct take *limiter_next(struct limiter *limiter);

/* Says no, for now, without deciding. */
void limiter_refuse(struct limiter *limiter, struct take *take, struct instant at);

/* Takes back the take that has waited longest, as it was before limiter_take(); NULL when nobody waits. */
struct take *limiter_reclaim(struct limiter *limiter, struct instant at);

/* A take that nobody waits for any more: forgotten, or its lease returned (but for the request) if it is not in use. */
void limiter_cancel(struct limiter *limiter, uint64_t take_id, struct instant at);

/* Edge is gone, and with it whoever waited; the ids of its takes mean nothing from now on. */
void limiter_edge_gone(struct limiter *limiter, struct instant at);

/* The lease is in use.  WIRE_BUSY when an unknown one finds no room. */
enum wire_error limiter_keep(struct limiter *limiter, const struct lease *lease, struct instant at);

/* The lease is done; a second time changes nothing.  Not charged: as if it had never been given. */
enum wire_error limiter_settle(struct limiter *limiter, const struct lease *lease, uint64_t used, bool charged,
                               struct instant at);

/* Exchanges the slot of a lease for one where it is to go; true, and it has been moved, if one is free there at once
 * or it has that one already.  A lease that nobody knows is taken up first, as by limiter_keep(); one that is done is
 * not moved.  target_allows() must be true. */
bool limiter_move(struct limiter *limiter, struct move *move, struct instant at);

/* Whether the lease was given here, and is not older than this process or from elsewhere. */
bool limiter_gave(const struct limiter *limiter, const uint8_t *lease_id);

/* What budgets have used so far is no longer known: somebody else counted. */
void limiter_doubt(struct limiter *limiter);

/* What history says an account used since the time its question named: the answer to history_ask(). */
void limiter_history(struct limiter *limiter, uint64_t question, uint64_t tokens, struct instant at);

/* Does what time demands: late waiters, leases not kept, idle accounts. */
void limiter_tick(struct limiter *limiter, struct instant at);

/* When limiter_tick() is needed next, in monotonic ms. */
uint64_t limiter_due(const struct limiter *limiter);

#endif
