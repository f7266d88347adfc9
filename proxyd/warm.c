#include "warm.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"
#include "routes.h"
#include "upstream.h"

/* One model being loaded. */
struct warm {
	struct routes *routes; /* held */
	const char *upstream, *model;
	int status;
	char *body;
};

static void sent(void *arg)
{
	const struct warm *warm = arg;
	log_debug("warming", "upstream=%s model=%s", log_text(warm->upstream), log_text(warm->model));
}

static void take_head(void *arg, const struct head *head)
{
	struct warm *warm = arg;
	warm->status = head->status;
}

static bool take_data(void *arg, const char *bytes, size_t length)
{
	(void)arg;
	(void)bytes;
	(void)length;
	return true;
}

static void free_warm(struct warm *warm)
{
	routes_drop(warm->routes);
	free(warm->body);
	free(warm);
}

static void ended(void *arg, enum problem problem, const char *reason)
{
	struct warm *warm = arg;
	if (problem == PROBLEM_NONE && warm->status == 200)
		log_info("warmed", "upstream=%s model=%s", log_text(warm->upstream), log_text(warm->model));
	else
		log_warn("not-warmed", "upstream=%s model=%s status=%d reason=%s", log_text(warm->upstream),
		         log_text(warm->model), warm->status, log_text(reason));
	free_warm(warm);
}

static const struct upstream_events events = {sent, take_head, take_data, ended};

/* A request without a prompt loads the model; a negative keep_alive keeps it. */
static char *make_body(const char *model)
{
	json_t *object = json_pack("{s:s,s:i}", "model", model, "keep_alive", -1);
	char *body = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	CHECK(body != NULL);
	return body;
}

static void warm_model(struct routes *routes, size_t upstream, const char *model)
{
	const struct route_upstream *route = &routes->upstreams[upstream];
	struct warm *warm = calloc(1, sizeof(*warm));
	CHECK(warm != NULL);
	*warm = (struct warm){routes_hold(routes), routes->models->upstreams[upstream].name, model, 0, make_body(model)};
	struct upstream_request request = {&route->way, route->urls[ROUTE_API_GENERATE], route->headers, warm->body,
	                                   strlen(warm->body)};
	if (!upstream_ask(&request, &events, warm))
		free_warm(warm);
}

void warm_start(struct routes *routes)
{
	for (size_t i = 0; i < routes->models->upstream_count; i++) {
		const struct upstream *upstream = &routes->models->upstreams[i];
		for (size_t w = 0; w < upstream->warm_count; w++)
			warm_model(routes, i, upstream->warm[w]);
	}
}
