/* heimgate-limits: what is in use now, as heimgate-limiterd counts it. */
#include <stdbool.h>
#include <stdio.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/ctl_show.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/table.h"

enum { CELL_SIZE = 96, NAME_WIDTH = 80 /* characters; names of keys and upstreams are shorter */ };

#define NUMBER "%" JSON_INTEGER_FORMAT

/* --- upstreams --- */

static void add_pool(struct table *table, const json_t *pool)
{
	char wait[CELL_SIZE];
	snprintf(wait, sizeof(wait), NUMBER " ms", ctl_show_number(pool, "acquire_timeout_ms"));
	table_text(table, ctl_show_text(pool, "name"));
	table_number(table, ctl_show_number(pool, "slots"));
	table_number(table, ctl_show_number(pool, "in_use"));
	table_number(table, ctl_show_number(pool, "waiting"));
	table_text(table, wait);
}

static void print_pools(const json_t *pools)
{
	struct table table = {
		.columns = 5, .cell_max = NAME_WIDTH, .titles = {"UPSTREAM", "SLOTS", "IN USE", "WAITING", "WAIT AT MOST"}};
	for (size_t i = 0; i < json_array_size(pools); i++)
		add_pool(&table, json_array_get(pools, i));
	table_print(&table, stdout);
}

/* --- keys --- */

static void add_running(struct table *table, const json_t *key)
{
	char cell[CELL_SIZE];
	if (json_is_integer(json_object_get(key, "concurrency")))
		snprintf(cell, sizeof(cell), NUMBER " of " NUMBER, ctl_show_number(key, "running"),
		         ctl_show_number(key, "concurrency"));
	else
		snprintf(cell, sizeof(cell), NUMBER, ctl_show_number(key, "running"));
	table_text(table, cell);
}

static void add_level(struct table *table, const json_t *level)
{
	char cell[CELL_SIZE] = "";
	if (json_is_object(level))
		snprintf(cell, sizeof(cell), NUMBER " of " NUMBER, ctl_show_number(level, "remaining"),
		         ctl_show_number(level, "limit"));
	table_text(table, cell);
}

static void add_budget(struct table *table, const json_t *budget)
{
	char cell[CELL_SIZE] = "";
	json_int_t limit = ctl_show_number(budget, "limit");
	const char *period = ctl_show_text(budget, "period");
	if (json_is_null(json_object_get(budget, "used")))
		snprintf(cell, sizeof(cell), "? of " NUMBER "/%s", limit, period);
	else if (json_is_object(budget))
		snprintf(cell, sizeof(cell), NUMBER "+" NUMBER " of " NUMBER "/%s", ctl_show_number(budget, "used"),
		         ctl_show_number(budget, "reserved"), limit, period);
	table_text(table, cell);
}

static void add_key(struct table *table, const json_t *key)
{
	table_text(table, ctl_show_text(key, "key"));
	table_text(table, ctl_show_text(key, "name"));
	add_running(table, key);
	add_level(table, json_object_get(key, "requests"));
	add_level(table, json_object_get(key, "tokens"));
	add_budget(table, json_object_get(key, "budget"));
}

static void print_keys(const json_t *limits)
{
	struct table table = {.columns = 6,
	                      .cell_max = NAME_WIDTH,
	                      .titles = {"KEY", "NAME", "RUNNING", "REQUESTS LEFT", "TOKENS LEFT", "BUDGET USED"}};
	const json_t *shown = json_object_get(limits, "keys");
	json_int_t known = ctl_show_number(limits, "keys_known");
	if (json_array_size(shown) == 0) {
		printf("no key has been used lately\n");
		return;
	}
	for (size_t i = 0; i < json_array_size(shown); i++)
		add_key(&table, json_array_get(shown, i));
	table_print(&table, stdout);
	if ((json_int_t)json_array_size(shown) < known)
		printf("the %zu keys used last, of " NUMBER "\n", json_array_size(shown), known);
}

/* --- the tool --- */

static const char help[] = "heimgate-limits [show] [--json]: what is in use now\n\n"
						   "  --json  print JSON\n\n"
						   "Slots of each upstream and who waits for one; of each key used lately, requests\n"
						   "under way, what is left of its rates, and what its budget has used and reserved.\n";

static void print_limits(const json_t *limits)
{
	print_pools(json_object_get(limits, "pools"));
	printf("\n");
	print_keys(limits);
	printf("\ncounted: ");
	table_put(stdout, ctl_show_text(limits, "counted"));
	printf("\n");
}

int main(int argc, char **argv)
{
	static struct conf_limiterd conf;
	log_init("limits");
	bool json = ctl_show_wants_json(help, argc, argv);
	conf_load_environment(CONF_LIMITERD, &conf);
	return ctl_show(conf.run, LINK_CTL_LIMITERD, "limits.show", json, print_limits);
}
