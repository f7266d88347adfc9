#include <stdio.h>
#include <string.h>

#include "../proto/daemon/log.h"
#include "check.h"

/* --- one target --- */

static void print_changes(const struct target *target)
{
	const char *before = "; in JSON bodies";
	for (size_t i = 0; i < target->param_count; i++, before = ",") {
		if (target->params[i].member)
			printf("%s sets %s", before, target->params[i].member);
		else
			printf("%s drops \"%s\"", before, target->params[i].name);
	}
}

/* name: what clients call the model; routed: what it is called where the aliases end. */
static void print_target(const struct models *models, const struct target *target, const char *name, const char *routed)
{
	const char *sent = target->model[0] != '\0' ? target->model : routed;
	printf(" %s", models->upstreams[target->upstream].name);
	if (strcmp(sent, "*") == 0)
		printf(" as it is");
	else if (strcmp(sent, name) != 0)
		printf(" as %s", sent);
	print_changes(target);
	printf("\n");
}

static unsigned total_weight(const struct model *row)
{
	unsigned total = 0;
	for (size_t i = 0; i < row->target_count; i++)
		total += row->targets[i].drain ? 0 : row->targets[i].weight;
	return total;
}

/* total: of all that are not draining, so that there is one. */
static unsigned percent(unsigned weight, unsigned total)
{
	CHECK(total > 0);
	return (weight * 100 + total / 2) / total;
}

static void print_share(const struct model *row, const struct target *target)
{
	bool is_fallback = target >= row->targets + row->target_count;
	unsigned total = total_weight(row);
	if (target->drain)
		printf("  drains, and is given nothing new:");
	else if (is_fallback)
		printf("  else to");
	else if (target->weight == total)
		printf("  goes to");
	else if (target->weight * 100 < total)
		printf("  less than 1 %% goes to");
	else
		printf("  %u %% goes to", percent(target->weight, total));
}

/* --- going on elsewhere --- */

static void print_reasons(unsigned reasons)
{
	static const char *const texts[] = {"not reached or given no work", "no first byte in time", "5xx", "429"};
	const char *before = "  else is for:";
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (!(reasons & (1u << i)))
			continue;
		printf("%s %s", before, texts[i]);
		before = ",";
	}
	printf("; never after the first byte\n");
}

static void print_failures(const struct model *row)
{
	if (row->retries > 0)
		printf("  retries of a target that fails: %u, after 100 ms and more, or a Retry-After of up to 10 s\n",
		       row->retries);
	if (model_targets(row) < 2)
		return;
	if (row->target_count > 1 && row->fallback_on != 0)
		printf("  else to another of those that share the load, before any other\n");
	if (row->fallback_on == 0)
		printf("  nothing else is tried when it fails\n");
	else
		print_reasons(row->fallback_on);
}

static void print_row(const struct models *models, const struct model *row, const char *name, const char *routed)
{
	if (strcmp(row->name, "*") == 0 && row->target_count > 1)
		printf("  only where the name is listed:\n");
	for (size_t i = 0; i < model_targets(row); i++) {
		print_share(row, &row->targets[i]);
		print_target(models, &row->targets[i], name, routed);
	}
	print_failures(row);
}

/* --- who gets where --- */

/* Names of upstreams with a comma between. */
struct names {
	char text[ROUTE_TARGETS_MAX * (UPSTREAM_NAME_MAX + 2)];
	size_t count;
};

static bool was_before(const struct model *row, size_t target)
{
	for (size_t i = 0; i < target; i++)
		if (!row->targets[i].drain && row->targets[i].upstream == row->targets[target].upstream)
			return true;
	return false;
}

static void add_name(struct names *names, const char *name)
{
	size_t used = strlen(names->text);
	snprintf(names->text + used, sizeof(names->text) - used, "%s%s", names->count++ > 0 ? ", " : "", name);
}

/* The upstreams that a row leads to and that can be asked for a route: all of them, or those in the house. */
static struct names collect(const struct models *models, const struct model *row, enum wire_route route, bool local)
{
	struct names names = {0};
	for (size_t i = 0; i < model_targets(row); i++) {
		const struct upstream *upstream = &models->upstreams[row->targets[i].upstream];
		if (!row->targets[i].drain && !was_before(row, i) && upstream_offers(upstream, route) &&
		    (upstream->local || !local))
			add_name(&names, upstream->name);
	}
	return names;
}

static void print_dialect(const struct models *models, const struct model *row, const char *what, enum wire_route route)
{
	struct names all = collect(models, row, route, false), local = collect(models, row, route, true);
	printf("  %s: %s\n", what, all.count > 0 ? all.text : "404, nothing here has it");
	if (local.count < all.count)
		printf("    with a --local-only key: %s\n", local.count > 0 ? local.text : "404, nothing here is local");
}

void check_row(const struct models *models, const struct model *row)
{
	if (strcmp(row->name, "*") == 0)
		printf("any other model\n");
	else
		printf("model %s\n", row->name);
	if (row->alias[0] != '\0')
		printf("  is another name for %s\n", row->alias);
	else
		print_row(models, row, row->name, row->name);
}

bool check_name(const struct models *models, const char *name)
{
	const char *routed = name;
	const struct model *row = models_find(models, name);
	printf("model %s\n", name);
	while (row) {
		if (strcmp(row->name, routed) != 0)
			printf("  is not in the file: \"*\" is for it\n");
		if (row->alias[0] == '\0')
			break;
		routed = row->alias;
		printf("  is another name for %s\n", routed);
		row = models_find(models, routed);
	}
	if (!row) {
		printf("  goes nowhere: callers receive 404\n");
		return false;
	}
	print_row(models, row, name, routed);
	print_dialect(models, row, "OpenAI's API, such as /v1/chat/completions", ROUTE_CHAT);
	print_dialect(models, row, "Anthropic's API, /v1/messages", ROUTE_MESSAGES);
	print_dialect(models, row, "Ollama's own API, such as /api/chat", ROUTE_API_CHAT);
	return true;
}
