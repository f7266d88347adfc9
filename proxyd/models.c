/* heimgate-models: how the model servers are and which model goes where, as heimgate-proxyd knows it. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/ctl.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/table.h"

enum { EXIT_REFUSED = 1, NAME_WIDTH = 80 /* characters; models of hubs have long names */ };

static json_int_t number(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

static const char *text(const json_t *object, const char *member)
{
	const char *found = json_string_value(json_object_get(object, member));
	return found ? found : "";
}

static bool flag(const json_t *object, const char *member)
{
	return json_is_true(json_object_get(object, member));
}

static void print_more(const json_t *models, const char *member, const char *known)
{
	size_t shown = json_array_size(json_object_get(models, member));
	if ((json_int_t)shown < number(models, known))
		printf("and %" JSON_INTEGER_FORMAT " more %s\n", number(models, known) - (json_int_t)shown, member);
}

/* --- upstreams --- */

static void add_upstream(struct table *table, const json_t *upstream)
{
	table_text(table, text(upstream, "name"));
	table_text(table, text(upstream, "kind"));
	table_text(table, flag(upstream, "local") ? "yes" : "no");
	table_text(table, text(upstream, "state"));
	table_number(table, number(upstream, "slots"));
	table_number(table, number(upstream, "in_use"));
	table_number(table, number(upstream, "waiting"));
	table_number(table, number(upstream, "requests"));
}

static void print_reason(const json_t *upstream)
{
	if (*text(upstream, "reason") == '\0')
		return;
	table_put(stdout, text(upstream, "name"));
	printf(" is %s: ", text(upstream, "state"));
	table_put(stdout, text(upstream, "reason"));
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
	table_text(table, first ? text(model, "name") : " ");
	table_text(table, text(target, "upstream"));
	table_text(table, text(target, "model"));
	table_text(table, flag(target, "drain") ? "drains" : share);
}

static void add_targets(struct table *table, const json_t *model)
{
	const json_t *targets = json_object_get(model, "targets"), *fallbacks = json_object_get(model, "fallbacks");
	for (size_t i = 0; i < json_array_size(targets); i++) {
		char share[32];
		const json_t *target = json_array_get(targets, i);
		snprintf(share, sizeof(share), "weight %" JSON_INTEGER_FORMAT, number(target, "weight"));
		add_target(table, model, target, share);
	}
	for (size_t i = 0; i < json_array_size(fallbacks); i++)
		add_target(table, model, json_array_get(fallbacks, i), "fallback");
}

static void add_alias(struct table *table, const json_t *model)
{
	table_text(table, text(model, "name"));
	table_text(table, "");
	table_text(table, text(model, "alias"));
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

static void print_help(void)
{
	printf("heimgate-models [show] [--json]: how the model servers are, and which model goes where\n\n"
	       "  --json  print JSON\n\n"
	       "Of each upstream its state, its slots, who waits for one, and how many requests are\n"
	       "under way there from this host; of each model its targets and fallbacks.\n");
}

/* Whether JSON is wanted. */
static bool read_arguments(int argc, char **argv)
{
	bool json = false;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			print_help();
			exit(0);
		}
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (i > 1 || strcmp(argv[i], "show") != 0)
			fatal_usage("unknown argument \"%s\"; heimgate-models --help tells what there is", argv[i]);
	}
	return json;
}

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
	bool json = read_arguments(argc, argv);
	conf_load_environment(CONF_PROXYD, &conf);
	json_t *models = ctl_call(conf.run, LINK_CTL_PROXYD, "models.show", NULL);
	if (!models)
		return errno == EPERM ? EXIT_REFUSED : EXIT_ENVIRONMENT;
	if (!json)
		print_all(models);
	else if (json_dumpf(models, stdout, JSON_INDENT(2)) == 0)
		printf("\n");
	json_decref(models);
	if (fflush(stdout) != 0)
		fatal("cannot write to standard output");
	return 0;
}
