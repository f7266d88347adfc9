#include "take.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"

static struct takes spare = TAILQ_HEAD_INITIALIZER(spare);

struct take *take_new(void)
{
	struct take *take = TAILQ_FIRST(&spare);
	if (take)
		TAILQ_REMOVE(&spare, take, place);
	else
		take = malloc(sizeof(*take));
	CHECK(take);
	memset(take, 0, sizeof(*take));
	return take;
}

void take_free(struct take *take)
{
	TAILQ_INSERT_HEAD(&spare, take, place);
}

struct take *take_of(struct pool_waiter *waiter)
{
	return (struct take *)((char *)waiter - offsetof(struct take, waiter));
}

/* What costs nothing takes no slot; a model that it names must be allowed all the same. */
bool take_find_route(struct take *take, const struct models *models, const struct pools *pools)
{
	struct lease *lease = &take->lease;
	const struct wire_route_info *route = wire_route_info(lease->route);
	if (lease->model[0] == '\0')
		return route->named == NAMED_NONE;
	if (!model_list_allows(lease->models, lease->model))
		return false;
	const char *name = lease->model;
	const struct model *model = models_route(models, &name);
	if (!model || route->cost == COST_FREE)
		return model != NULL;
	take->pool = pools->of_upstream[model->targets[0].upstream];
	snprintf(lease->upstream, sizeof(lease->upstream), "%s", take->pool->name);
	return true;
}
