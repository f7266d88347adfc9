/* heimgate-limits: what is in use now, as heimgate-limiterd counts it. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/ctl.h"
#include "../proto/daemon/log.h"

enum { EXIT_REFUSED = 1, CELL_SIZE = 96, COLUMNS_MAX = 6 };

#define NUMBER "%" JSON_INTEGER_FORMAT

struct row {
	char cells[COLUMNS_MAX][CELL_SIZE];
};

struct table {
	size_t columns;
	struct row titles;
	void (*fill)(const json_t *object, struct row *row);
};

static json_int_t number(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

static const char *text(const json_t *object, const char *member)
{
	const char *found = json_string_value(json_object_get(object, member));
	return found ? found : "";
}

static void write_level(char *cell, const json_t *level)
{
	if (json_is_object(level))
		snprintf(cell, CELL_SIZE, NUMBER " of " NUMBER, number(level, "remaining"), number(level, "limit"));
	else
		snprintf(cell, CELL_SIZE, "-");
}

static void write_running(char *cell, const json_t *key)
{
	if (json_is_integer(json_object_get(key, "concurrency")))
		snprintf(cell, CELL_SIZE, NUMBER " of " NUMBER, number(key, "running"), number(key, "concurrency"));
	else
		snprintf(cell, CELL_SIZE, NUMBER, number(key, "running"));
}

static void write_budget(char *cell, const json_t *budget)
{
	if (!json_is_object(budget))
		snprintf(cell, CELL_SIZE, "-");
	else if (json_is_null(json_object_get(budget, "used")))
		snprintf(cell, CELL_SIZE, "? of " NUMBER "/%s", number(budget, "limit"), text(budget, "period"));
	else
		snprintf(cell, CELL_SIZE, NUMBER "+" NUMBER " of " NUMBER "/%s", number(budget, "used"),
		         number(budget, "reserved"), number(budget, "limit"), text(budget, "period"));
}

static void fill_pool(const json_t *pool, struct row *row)
{
	snprintf(row->cells[0], CELL_SIZE, "%s", text(pool, "name"));
	snprintf(row->cells[1], CELL_SIZE, NUMBER, number(pool, "slots"));
	snprintf(row->cells[2], CELL_SIZE, NUMBER, number(pool, "in_use"));
	snprintf(row->cells[3], CELL_SIZE, NUMBER, number(pool, "waiting"));
	snprintf(row->cells[4], CELL_SIZE, NUMBER " ms", number(pool, "acquire_timeout_ms"));
}

static void fill_key(const json_t *key, struct row *row)
{
	snprintf(row->cells[0], CELL_SIZE, "%s", text(key, "key"));
	snprintf(row->cells[1], CELL_SIZE, "%s", text(key, "name"));
	write_running(row->cells[2], key);
	write_level(row->cells[3], json_object_get(key, "requests"));
	write_level(row->cells[4], json_object_get(key, "tokens"));
	write_budget(row->cells[5], json_object_get(key, "budget"));
}

static const struct table pools = {5, {{"UPSTREAM", "SLOTS", "IN USE", "WAITING", "WAIT AT MOST"}}, fill_pool};
static const struct table keys = {
	6, {{"KEY", "NAME", "RUNNING", "REQUESTS LEFT", "TOKENS LEFT", "BUDGET USED"}}, fill_key};

/* Characters, not bytes: names may be in any script. */
static size_t width_of(const char *cell)
{
	size_t width = 0;
	for (; *cell; cell++)
		width += ((unsigned char)*cell & 0xc0) != 0x80;
	return width;
}

/* The titles, then a row for each object. */
static struct row get_row(const struct table *table, const json_t *objects, size_t index)
{
	struct row row = {0};
	if (index == 0)
		return table->titles;
	table->fill(json_array_get(objects, index - 1), &row);
	return row;
}

static void widen(size_t *widths, const struct row *row, size_t columns)
{
	for (size_t c = 0; c < columns; c++)
		if (width_of(row->cells[c]) > widths[c])
			widths[c] = width_of(row->cells[c]);
}

static void print_row(const struct row *row, size_t columns, const size_t *widths)
{
	for (size_t c = 0; c + 1 < columns; c++)
		printf("%s%*s  ", row->cells[c], (int)(widths[c] - width_of(row->cells[c])), "");
	printf("%s\n", row->cells[columns - 1]);
}

static void print_table(const struct table *table, const json_t *objects)
{
	size_t widths[COLUMNS_MAX] = {0}, rows = json_array_size(objects) + 1;
	for (size_t i = 0; i < rows; i++) {
		struct row row = get_row(table, objects, i);
		widen(widths, &row, table->columns);
	}
	for (size_t i = 0; i < rows; i++) {
		struct row row = get_row(table, objects, i);
		print_row(&row, table->columns, widths);
	}
}

static void print_keys(const json_t *limits)
{
	const json_t *shown = json_object_get(limits, "keys");
	if (json_array_size(shown) == 0) {
		printf("no key has been used lately\n");
		return;
	}
	print_table(&keys, shown);
	if ((json_int_t)json_array_size(shown) < number(limits, "keys_known"))
		printf("the %zu keys used last, of " NUMBER "\n", json_array_size(shown), number(limits, "keys_known"));
}

static void print_limits(const json_t *limits)
{
	print_table(&pools, json_object_get(limits, "pools"));
	printf("\n");
	print_keys(limits);
	printf("\ncounted: %s\n", text(limits, "counted"));
}

static void print_help(void)
{
	printf("heimgate-limits [show] [--json]: what is in use now\n\n"
	       "  --json  print JSON\n\n"
	       "Slots of each upstream and who waits for one; of each key used lately, requests\n"
	       "under way, what is left of its rates, and what its budget has used and reserved.\n");
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
			fatal_usage("unknown argument \"%s\"; heimgate-limits --help tells what there is", argv[i]);
	}
	return json;
}

int main(int argc, char **argv)
{
	static struct conf_limiterd conf;
	log_init("limits");
	bool json = read_arguments(argc, argv);
	conf_load_environment(CONF_LIMITERD, &conf);
	json_t *limits = ctl_call(conf.run, LINK_CTL_LIMITERD, "limits.show", NULL);
	if (!limits)
		return errno == EPERM ? EXIT_REFUSED : EXIT_ENVIRONMENT;
	if (!json)
		print_limits(limits);
	else if (json_dumpf(limits, stdout, JSON_INDENT(2)) == 0)
		printf("\n");
	json_decref(limits);
	if (fflush(stdout) != 0)
		fatal("cannot write to standard output");
	return 0;
}
