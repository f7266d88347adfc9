#include "decider_private.h"

/* The limiter counts its own leases to their end, and in an outage those of Redis too. */
static bool counts_here(const struct decider *decider, const struct lease *lease)
{
	bool stands_in = decider->is_out && decider->policy != DECIDER_CLOSED;
	return !decider->is_shared || stands_in || limiter_gave(&decider->limiter, lease->id);
}

enum wire_error decider_keep(struct decider *decider, const struct lease *lease)
{
	enum wire_error error = WIRE_OK;
	if (counts_here(decider, lease))
		error = limiter_keep(&decider->limiter, lease, decider_now());
	if (decider->is_shared && !decider->is_out) {
		struct counted counted = counters_lease(lease);
		shared_keep(&decider->shared, &counted);
	}
	return error;
}

static enum wire_error settle_here(struct decider *decider, uint64_t id, const struct lease *lease, uint64_t used,
                                   bool charged)
{
	enum wire_error error = limiter_settle(&decider->limiter, lease, used, charged, decider_now());
	if (error == WIRE_OK)
		decider->events->settled(decider->arg, id);
	return error;
}

static enum wire_error settle_there(struct decider *decider, uint64_t id, const struct lease *lease, uint64_t used,
                                    bool charged)
{
	enum wire_error error = settling_put(&decider->settling, id, lease, used, charged);
	if (decider->is_out || error != WIRE_OK)
		return error;
	settling_send(&decider->settling);
	shared_released(&decider->shared, lease->upstream);
	return WIRE_OK;
}

enum wire_error decider_settle(struct decider *decider, uint64_t id, const struct lease *lease, uint64_t used,
                               bool charged)
{
	if (!decider->is_shared)
		return settle_here(decider, id, lease, used, charged);
	if (decider->is_out && limiter_gave(&decider->limiter, lease->id)) {
		decider->counted_alone = decider->counted_alone || charged;
		return settle_here(decider, id, lease, used, charged);
	}
	if (counts_here(decider, lease))
		limiter_settle(&decider->limiter, lease, used, charged, decider_now());
	return settle_there(decider, id, lease, used, charged);
}

void decider_move_here(struct decider *decider, struct move *move)
{
	bool decides = !decider->is_shared || decider->policy != DECIDER_CLOSED;
	bool done = decides && limiter_move(&decider->limiter, move, decider_now());
	decider->events->moved(decider->arg, move, done);
}

void decider_move(struct decider *decider, struct move *move)
{
	if (!target_allows(&decider->targets, move))
		decider->events->moved(decider->arg, move, false);
	else if (!decider->is_shared || decider->is_out)
		decider_move_here(decider, move);
	else
		shared_move(&decider->shared, move);
}

/* --- proxyd --- */

const struct pool *decider_pool(const struct decider *decider, const char *upstream)
{
	bool is_here = !decider->is_shared || decider->is_out;
	return pools_find(is_here ? &decider->limiter.pools : &decider->shared.pools, upstream);
}

void decider_proxyd_gone(struct decider *decider)
{
	news_forget(&decider->targets.news);
	if (decider->is_shared)
		settling_tell_nobody(&decider->settling);
}
