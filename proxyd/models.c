/* heimgate-models: how the model servers are and which model goes where, as heimgate-proxyd knows it. */
#include <stdbool.h>
#include <stdio.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/ctl_show.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/table.h"

enum { NAME_WIDTH = 80 /* characters; models of hubs have long names */ };

static bool flag(const json_t *object, const char *member)
{
	return json_is_true(json_object_get(object, member));
}

static void print_more(const json_t *models, const char *member, const char *known)
{
	size_t shown = json_array_size(json_object_get(models, member));
	if ((json_int_t)shown < ctl_show_number(models, known))
		printf("and %" JSON_INTEGER_FORMAT " more %s\n", ctl_show_number(models, known) - (json_int_t)shown, member);
}

/* --- upstreams --- */

static void add_upstream(struct table *table, const json_t *upstream)
{
	table_text(table, ctl_show_text(upstream, "name"));
	table_text(table, ctl_show_text(upstream, "kind"));
	table_text(table, flag(upstream, "local") ? "yes" : "no");
	table_text(table, ctl_show_text(upstream, "state"));
	table_number(table, ctl_show_number(upstream, "slots"));
	table_number(table, ctl_show_number(upstream, "in_use"));
	table_number(table, ctl_show_number(upstream, "waiting"));
	table_number(table, ctl_show_number(upstream, "requests"));
}

static void print_reason(const json_t *upstream)
{
	if (*ctl_show_text(upstream, "reason") == '\0')
		return;
	table_put(stdout, ctl_show_text(upstream, "name"));
	printf(" is %s: ", ctl_show_text(upstream, "state"));
	table_put(stdout, ctl_show_text(upstream, "reason"));
	printf("\n");
}

static void print_upstreams(const json_t *models)
{
	struct table table = {
		.columns = 8,
		.cell_max = NAME_WIDTH,
		.titles = {"UPSTREAM", "KIND", "LOCAL", "STATE", "SLOTS", "IN USE", "WAITING", "UNDER WAY HERE"}};
	const json_t *upstreams = json_object_get(models, "upstreams");
	for (size_t i = 0; i < json_array_size(upstreams); i++)
		add_upstream(&table, json_array_get(upstreams, i));
	table_print(&table, stdout);
	for (size_t i = 0; i < json_array_size(upstreams); i++)
		print_reason(json_array_get(upstreams, i));
	print_more(models, "upstreams", "upstreams_known");
}

/* --- models --- */

/* The model's name stands in the first of its rows only. */
static void add_target(struct table *table, const json_t *model, const json_t *target, const char *share)
{
	bool first = json_array_get(json_object_get(model, "targets"), 0) == target;
	table_text(table, first ? ctl_show_text(model, "name") : " ");
	table_text(table, ctl_show_text(target, "upstream"));
	table_text(table, ctl_show_text(target, "model"));
	table_text(table, flag(target, "drain") ? "drains" : share);
}

static void add_targets(struct table *table, const json_t *model)
{
	const json_t *targets = json_object_get(model, "targets"), *fallbacks = json_object_get(model, "fallbacks");
	for (size_t i = 0; i < json_array_size(targets); i++) {
		char share[32];
		const json_t *target = json_array_get(targets, i);
		snprintf(share, sizeof(share), "weight %" JSON_INTEGER_FORMAT, ctl_show_number(target, "weight"));
		add_target(table, model, target, share);
	}
	for (size_t i = 0; i < json_array_size(fallbacks); i++)
		add_target(table, model, json_array_get(fallbacks, i), "fallback");
}

static void add_alias(struct table *table, const json_t *model)
{
	table_text(table, ctl_show_text(model, "name"));
	table_text(table, "");
	table_text(table, ctl_show_text(model, "alias"));
	table_text(table, "alias");
}

static void print_models(const json_t *models)
{
	struct table table = {.columns = 4, .cell_max = NAME_WIDTH, .titles = {"MODEL", "GOES TO", "AS", "HOW"}};
	const json_t *rows = json_object_get(models, "models");
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *model = json_array_get(rows, i);
		if (json_object_get(model, "alias"))
			add_alias(&table, model);
		else
			add_targets(&table, model);
	}
	table_print(&table, stdout);
	print_more(models, "models", "models_known");
}

/* --- the tool --- */

static const char help[] = "heimgate-models [show] [--json]: how the model servers are, and which model goes where\n\n"
						   "  --json  print JSON\n\n"
						   "Of each upstream its state, its slots, who waits for one, and how many requests are\n"
						   "under way there from this host; of each model its targets and fallbacks.\n";

static void print_all(const json_t *models)
{
	print_upstreams(models);
	printf("\n");
	print_models(models);
}

int main(int argc, char **argv)
{
	static struct conf_proxyd conf;
	log_init("models");
	bool json = ctl_show_wants_json(help, argc, argv);
	conf_load_environment(CONF_PROXYD, &conf);
	return ctl_show(conf.run, LINK_CTL_PROXYD, "models.show", json, print_all);
}
