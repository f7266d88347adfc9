#include "health.h"

#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "modellist.h"
#include "news.h"
#include "proxyd.h"
#include "upstream.h"

enum { LIST_MAX = 4 * 1024 * 1024 };

/* One upstream being asked. */
struct question {
	struct proxyd *proxyd;
	struct routes *routes; /* held */
	size_t upstream;
	bool lists; /* what it lists is wanted */
	int status;
	char *body;
	size_t length;
};

static struct standing *standing_of(const struct question *question)
{
	return question->routes->upstreams[question->upstream].standing;
}

static void sent(void *arg)
{
	(void)arg;
}

static void take_head(void *arg, const struct head *head)
{
	struct question *question = arg;
	question->status = head->status;
}

/* A list that is too long is none. */
static bool take_data(void *arg, const char *bytes, size_t length)
{
	struct question *question = arg;
	size_t wanted = question->length + length;
	char *body = question->lists && wanted <= LIST_MAX ? realloc(question->body, wanted) : NULL;
	question->lists = body != NULL;
	if (!body)
		return true;
	memcpy(body + question->length, bytes, length);
	question->body = body;
	question->length = wanted;
	return true;
}

/* What was asked under a configuration that is gone may be of another upstream. */
static void take_offer(const struct question *question)
{
	struct proxyd *proxyd = question->proxyd;
	char *names = malloc(OFFER_MAX);
	CHECK(names != NULL);
	long length = modellist_names(&question->routes->models->upstreams[question->upstream], question->body,
	                              question->length, names, OFFER_MAX);
	if (length >= 0)
		standing_set_offer(standing_of(question), names, (size_t)length);
	free(names);
	if (length >= 0 && question->routes == proxyd->routes)
		news_tell_offer(proxyd, question->upstream);
}

static void judge(const struct question *question, enum problem problem, const char *reason)
{
	struct circuit *circuit = &standing_of(question)->circuit;
	const char *name = question->routes->models->upstreams[question->upstream].name;
	bool was_well = circuit->failures == 0;

	if (problem == PROBLEM_NONE)
		circuit_answered(circuit, loop_now(), question->status);
	else
		circuit_failed(circuit, loop_now(), reason);
	if (was_well && circuit->failures > 0)
		log_warn("upstream-unwell", "upstream=%s reason=%s", log_text(name), log_text(circuit->reason));
	if (!was_well && circuit->failures == 0)
		log_info("upstream-well", "upstream=%s", log_text(name));
}

static void ended(void *arg, enum problem problem, const char *reason)
{
	struct question *question = arg;
	judge(question, problem, reason);
	if (problem == PROBLEM_NONE && question->status == 200 && question->lists)
		take_offer(question);
	standing_of(question)->asking = false;
	routes_drop(question->routes);
	free(question->body);
	free(question);
}

static const struct upstream_events events = {sent, take_head, take_data, ended};

static void ask(struct proxyd *proxyd, size_t upstream, bool lists)
{
	struct route_upstream *route = &proxyd->routes->upstreams[upstream];
	struct question *question = calloc(1, sizeof(*question));
	CHECK(question != NULL);
	*question = (struct question){.proxyd = proxyd, .upstream = upstream, .lists = lists};
	question->routes = routes_hold(proxyd->routes);
	const struct upstream_request request = {
		.way = &route->way,
		.url = lists ? route->urls[ROUTE_MODELS] : route->health_url,
		.headers = route->own_headers,
	};
	route->standing->asked_at = loop_now();
	route->standing->asking = true;
	if (upstream_ask(&request, &events, question))
		return;
	route->standing->asking = false;
	routes_drop(question->routes);
	free(question);
}

/* Only "*" with more than one target has to know which of them lists a model. */
static bool is_chosen_by_list(const struct models *models, size_t upstream)
{
	const char *name = "*";
	const struct model *any = models_route(models, &name);
	if (!any || model_targets(any) < 2)
		return false;
	for (size_t i = 0; i < model_targets(any); i++)
		if (any->targets[i].upstream == upstream)
			return true;
	return false;
}

static bool is_due(const struct standing *standing, unsigned interval, bool lists)
{
	uint64_t now = loop_now();
	if (standing->asking || !circuit_is_available(&standing->circuit, now))
		return false;
	if (lists && standing->asked_at == 0)
		return true;
	uint64_t last = lists ? standing->asked_at : standing->circuit.heard_at;
	return interval > 0 && (now - last >= interval || standing->circuit.state != CIRCUIT_CLOSED);
}

void health_tick(struct proxyd *proxyd)
{
	const struct models *models = proxyd->routes->models;
	for (size_t i = 0; i < models->upstream_count; i++) {
		struct standing *standing = proxyd->routes->upstreams[i].standing;
		bool lists = is_chosen_by_list(models, i);
		if (is_due(standing, models->upstreams[i].health_interval, lists) &&
		    circuit_admit(&standing->circuit, loop_now()))
			ask(proxyd, i, lists);
	}
}
