/*
 * Which target of its model a request goes to.
 *
 * The model's targets that do not drain, offer the route, are local if they
 * have to be and may be given work share the load by their weights: first
 * those that have a slot free at once; when none has, all of them, to wait
 * there.  When there is no such target it is the first such fallback, if the
 * model's fallback_on has "connect"; when there is none either, the first of
 * all that proxyd could ask, so that it tries, or says why not.
 *
 * Of the "*" row's only those are asked that are known to list the model; if
 * none is, those whose list is not known.
 *
 * Pure.
 */
#ifndef LIMITERD_TARGET_H
#define LIMITERD_TARGET_H

#include "news.h"
#include "pool.h"

/* All zero is ready for target_follow(). */
struct targets {
	const struct models *models;
	struct news news;
	int64_t (*credits)[ROUTE_TARGETS_MAX]; /* by row of models.json: of whom it is the turn, the greatest first */
	uint32_t reloads;
};

/* A turn that was had, to be given back. */
struct turn {
	uint32_t reload;
	uint32_t among; /* bit n: target n */
};

/* A lease that is to go on at another target of its model. */
struct move {
	uint64_t id;                          /* of the frame */
	struct lease lease;                   /* as proxyd has it; when it is moved: as it is then */
	uint8_t target;                       /* where to, */
	char upstream[UPSTREAM_NAME_MAX + 1]; /* which is this one's */
};

/* Follows a new models.json, which the caller keeps until the next call.  Turns begin anew. */
void target_follow(struct targets *targets, const struct models *models);

/* Whether there is somewhere to go: false when the key may not use the model, there is none, or no target of it is
 * local enough. */
bool target_find(const struct targets *targets, const struct lease *lease);

/* Chooses for a request for which target_find() is true: the pool whose slot it needs, with target and upstream of the
 * lease filled in.  NULL: it costs nothing, and needs none. */
struct pool *target_choose(struct targets *targets, const struct pools *pools, struct lease *lease, struct turn *turn);

/* The request that was chosen for is not made, or is to be chosen for again. */
void target_return(struct targets *targets, const struct lease *lease, const struct turn *turn);

/* Whether the lease has a slot, and may go on where it is to go. */
bool target_allows(const struct targets *targets, const struct move *move);

/* The lease is there now. */
void target_moved(struct move *move, uint64_t expires);

#endif
