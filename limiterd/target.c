#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"

/* What is looked at while one is chosen.  Targets and fallbacks are bits of a set, in their order. */
struct choice {
	const struct targets *targets;
	const struct pools *pools;
	const struct lease *lease;
	const struct model *row;
	const char *name; /* of the model, after aliases */
};

typedef bool test(const struct choice *choice, const struct target *target);

_Static_assert(ROUTE_TARGETS_MAX < 32, "a set of targets is a uint32_t");

void target_follow(struct targets *targets, const struct models *models)
{
	targets->models = models;
	targets->reloads++;
	free(targets->credits);
	targets->credits = calloc(models->model_count + 1, sizeof(*targets->credits));
	CHECK(targets->credits);
	news_follow(&targets->news, models);
}

static struct choice begin(const struct targets *targets, const struct pools *pools, const struct lease *lease)
{
	struct choice choice = {targets, pools, lease, NULL, lease->model};
	choice.row = models_route(targets->models, &choice.name);
	return choice;
}

/* --- tests --- */

static const struct upstream *upstream_of(const struct choice *choice, const struct target *target)
{
	return &choice->targets->models->upstreams[target->upstream];
}

static bool is_local_enough(const struct choice *choice, const struct target *target)
{
	return !choice->lease->scope.local_only || upstream_of(choice, target)->local;
}

static bool offers_route(const struct choice *choice, const struct target *target)
{
	return upstream_offers(upstream_of(choice, target), choice->lease->route);
}

static bool takes_new(const struct choice *choice, const struct target *target)
{
	(void)choice;
	return !target->drain;
}

static bool is_available(const struct choice *choice, const struct target *target)
{
	return news_is_available(&choice->targets->news, upstream_of(choice, target)->name);
}

static bool has_room(const struct choice *choice, const struct target *target)
{
	return pool_has_room(choice->pools->of_upstream[target->upstream]);
}

static enum news_listing listing(const struct choice *choice, const struct target *target)
{
	const char *name = target->model[0] != '\0' ? target->model : choice->name;
	return news_lists(&choice->targets->news, upstream_of(choice, target)->name, name);
}

static bool lists_it(const struct choice *choice, const struct target *target)
{
	return listing(choice, target) == NEWS_LISTS;
}

static bool has_unknown_list(const struct choice *choice, const struct target *target)
{
	return listing(choice, target) == NEWS_UNKNOWN;
}

/* --- sets --- */

static uint32_t first_of(size_t count)
{
	return (UINT32_C(1) << count) - 1;
}

static bool has(uint32_t set, size_t target)
{
	return set >> target & 1;
}

static size_t lowest(uint32_t set)
{
	size_t target = 0;
	while (!has(set, target))
		target++;
	return target;
}

static uint32_t those(const struct choice *choice, uint32_t among, test *passes)
{
	uint32_t passed = 0;
	for (size_t i = 0; i < model_targets(choice->row); i++)
		if (has(among, i) && passes(choice, &choice->row->targets[i]))
			passed |= UINT32_C(1) << i;
	return passed;
}

static uint32_t all_of(const struct choice *choice)
{
	return first_of(model_targets(choice->row));
}

/* A row of its own is the word of who wrote it; only "*" stands for models that an upstream may not have. */
static uint32_t those_with_model(const struct choice *choice, uint32_t among)
{
	if (strcmp(choice->row->name, "*") != 0 || (among & (among - 1)) == 0)
		return among;
	uint32_t listing_it = those(choice, among, lists_it);
	if (listing_it)
		return listing_it;
	uint32_t unknown = those(choice, among, has_unknown_list);
	return unknown ? unknown : among;
}

/* --- turns --- */

static int64_t *credits_of(const struct targets *targets, const struct model *row)
{
	return targets->credits[row - targets->models->models];
}

/* Adds so many times their weight to all of a set; the sum is what their weights are together. */
static int64_t add_weights(int64_t *credits, const struct model *row, uint32_t among, int64_t times)
{
	int64_t total = 0;
	for (size_t i = 0; i < row->target_count; i++) {
		if (!has(among, i))
			continue;
		credits[i] += times * row->targets[i].weight;
		total += row->targets[i].weight;
	}
	return total;
}

/* Each gains its weight; who has most has the turn, and pays for it what all have gained. */
static size_t take_turn(const struct choice *choice, uint32_t among, struct turn *turn)
{
	int64_t *credits = credits_of(choice->targets, choice->row);
	int64_t total = add_weights(credits, choice->row, among, 1);
	size_t best = lowest(among);
	for (size_t i = best + 1; i < choice->row->target_count; i++)
		if (has(among, i) && credits[i] > credits[best])
			best = i;
	credits[best] -= total;
	*turn = (struct turn){choice->targets->reloads, among};
	return best;
}

void target_return(struct targets *targets, const struct lease *lease, const struct turn *turn)
{
	if (turn->among == 0 || turn->reload != targets->reloads)
		return;
	struct choice choice = begin(targets, NULL, lease);
	int64_t *credits = credits_of(targets, choice.row);
	credits[lease->target] += add_weights(credits, choice.row, turn->among, -1);
}

/* --- choosing --- */

static size_t choose(const struct choice *choice, struct turn *turn)
{
	uint32_t local = those(choice, all_of(choice), is_local_enough);
	uint32_t offering = those(choice, local, offers_route);
	uint32_t open = those_with_model(choice, those(choice, offering, takes_new));
	uint32_t available = those(choice, open, is_available);
	uint32_t sharing = available & first_of(choice->row->target_count);
	uint32_t roomy = those(choice, sharing, has_room);
	if (sharing)
		return take_turn(choice, roomy ? roomy : sharing, turn);
	if (available && choice->row->fallback_on & FALLBACK_CONNECT)
		return lowest(available);
	return lowest(open ? open : offering ? offering : local);
}

struct pool *target_choose(struct targets *targets, const struct pools *pools, struct lease *lease, struct turn *turn)
{
	*turn = (struct turn){0};
	if (lease->model[0] == '\0' || wire_route_info(lease->route)->cost == COST_FREE)
		return NULL;
	struct choice choice = begin(targets, pools, lease);
	size_t target = choose(&choice, turn);
	struct pool *pool = pools->of_upstream[choice.row->targets[target].upstream];
	lease->target = (uint8_t)target;
	snprintf(lease->upstream, sizeof(lease->upstream), "%s", pool->name);
	return pool;
}

bool target_find(const struct targets *targets, const struct lease *lease)
{
	if (lease->model[0] == '\0')
		return wire_route_info(lease->route)->named == NAMED_NONE;
	if (!model_list_allows(lease->models, lease->model))
		return false;
	struct choice choice = begin(targets, NULL, lease);
	return choice.row && those(&choice, all_of(&choice), is_local_enough) != 0;
}

bool target_allows(const struct targets *targets, const struct move *move)
{
	const struct lease *lease = &move->lease;
	if (lease->upstream[0] == '\0' || !model_list_allows(lease->models, lease->model))
		return false;
	struct choice choice = begin(targets, NULL, lease);
	if (!choice.row || move->target >= model_targets(choice.row))
		return false;
	const struct target *target = &choice.row->targets[move->target];
	return strcmp(upstream_of(&choice, target)->name, move->upstream) == 0 && is_local_enough(&choice, target);
}

void target_moved(struct move *move, uint64_t expires)
{
	struct lease *lease = &move->lease;
	lease->target = move->target;
	memcpy(lease->upstream, move->upstream, sizeof(lease->upstream));
	lease->expires = expires;
}
