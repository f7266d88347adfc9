#include <stdlib.h>

#include "../proto/daemon/log.h"
#include "proxyd.h"
#include "show.h"

/* limiterd tells of the slots with its first news; until then there are those of models.json. */
static struct show_upstream describe(const struct upstream *upstream, const struct standing *standing)
{
	const struct limit_pool *pool = &standing->pool;
	return (struct show_upstream){
		.state = circuit_name(&standing->circuit),
		.reason = standing->circuit.reason,
		.slots = pool->slots > 0 ? pool->slots : upstream->slots,
		.in_use = pool->in_use,
		.waiting = pool->waiting,
		.requests = standing->requests,
	};
}

bool show_call(void *arg, const struct ctl_call *call, struct wire_out *json)
{
	const struct proxyd *proxyd = arg;
	const struct routes *routes = proxyd->routes;
	struct show_upstream *upstreams = calloc(routes->models->upstream_count, sizeof(*upstreams));
	CHECK(upstreams != NULL);
	for (size_t i = 0; i < routes->models->upstream_count; i++)
		upstreams[i] = describe(&routes->models->upstreams[i], routes->upstreams[i].standing);
	bool done = show_answer(routes->models, upstreams, call, json);
	free(upstreams);
	return done;
}
