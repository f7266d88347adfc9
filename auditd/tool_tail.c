/* heimgate-audit tail and show: records as they were written. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/table.h"
#include "tool.h"

enum { LINES = 20, LINES_MAX = 100000, POLL_US = 500 * 1000 };

struct tail {
	bool json;
	json_int_t after; /* the position of the last record seen; -1: none yet */
	uint64_t left;    /* records still to be shown, without -f */
	struct table table;
};

static void print_json(const json_t *object)
{
	json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	fputc('\n', stdout);
}

static void add_status(struct table *table, const json_t *record)
{
	char text[128];
	json_int_t status = tool_integer(record, "status");
	const char *code = tool_text(record, "code");
	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT "%s%s", status, *code ? " " : "", code);
	table_text(table, status == 0 ? code : text);
}

static void add_row(struct table *table, const json_t *record)
{
	const char *name = tool_text(record, "key_name");
	table_text(table, tool_text(record, "time"));
	table_text(table, *name ? name : tool_text(record, "key_id"));
	table_text(table, tool_text(record, "action"));
	table_text(table, tool_text(record, "model"));
	add_status(table, record);
	table_number(table, tool_integer(record, "tokens_in"));
	table_number(table, tool_integer(record, "tokens_out"));
	table_number(table, tool_integer(record, "total_ms"));
	table_text(table, tool_text(record, "request_id"));
}

/* Shows one page of records; returns how many. */
static size_t print_page(struct tail *tail, const json_t *page)
{
	size_t i;
	json_t *record;
	const json_t *records = json_object_get(page, "records");
	json_array_foreach(records, i, record)
	{
		if (tail->json)
			print_json(record);
		else
			add_row(&tail->table, record);
	}
	table_print(&tail->table, stdout);
	if (fflush(stdout) != 0)
		fatal("cannot write to standard output");
	return json_array_size(records);
}

/* Whether there may be more right away. */
static bool next_page(struct tail *tail)
{
	json_int_t limit = (json_int_t)(tail->left > 0 ? tail->left : LINES_MAX);
	json_t *arguments = json_pack("{s:I}", "limit", limit);
	if (tail->after >= 0)
		json_object_set_new(arguments, "after", json_integer(tail->after));
	json_t *page = tool_call("audit.tail", arguments);
	size_t count = print_page(tail, page);
	tail->after = tool_integer(page, "after");
	json_decref(page);
	tail->left -= count < tail->left ? count : tail->left;
	return count > 0;
}

int tool_tail(int argc, char **argv)
{
	static const char help[] = "heimgate-audit tail [-f] [-n N] [--json]: the newest records\n\n"
							   "  -f, --follow  go on with those to come, until interrupted\n"
							   "  -n, --lines N how many to begin with (20)\n"
							   "  --json        one JSON object a line\n";
	static const struct option options[] = {{"help", no_argument, NULL, 'h'},
	                                        {"follow", no_argument, NULL, 'f'},
	                                        {"lines", required_argument, NULL, 'n'},
	                                        {"json", no_argument, NULL, 'j'},
	                                        {NULL, 0, NULL, 0}};
	struct tail tail = {.after = -1,
	                    .left = LINES,
	                    .table.columns = 9,
	                    .table.titles = {"TIME", "KEY", "ACTION", "MODEL", "STATUS", "IN", "OUT", "MS", "REQUEST"}};
	bool follow = false;
	for (int letter; (letter = tool_option(argc, argv, ":hfn:", options, help)) != -1;) {
		follow = follow || letter == 'f';
		tail.json = tail.json || letter == 'j';
		if (letter == 'n')
			tail.left = tool_number("-n", optarg, LINES_MAX);
	}
	tool_operands(argc, 0, 0);
	bool more;
	do {
		more = next_page(&tail);
		if (follow && !more)
			usleep(POLL_US);
	} while (follow || (more && tail.left > 0));
	return 0;
}

/* What does not apply to the record is left out. */
static void print_record(json_t *record)
{
	const char *name;
	json_t *value;
	json_object_foreach(record, name, value)
	{
		if (json_is_string(value) && *json_string_value(value)) {
			printf("%-14s", name);
			table_put(stdout, json_string_value(value));
			printf("\n");
		}
		if (json_is_integer(value) && json_integer_value(value) != 0)
			printf("%-14s%" JSON_INTEGER_FORMAT "\n", name, json_integer_value(value));
		if (json_is_true(value))
			printf("%-14syes\n", name);
	}
}

int tool_show(int argc, char **argv)
{
	static const char help[] = "heimgate-audit show REQUEST_ID [--json]: all records of one request\n\n"
							   "REQUEST_ID is what stood in the answer's header x-request-id.\n\n"
							   "  --json  one JSON object a line\n";
	static const struct option options[] = {
		{"help", no_argument, NULL, 'h'}, {"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
	bool json = false;
	size_t i;
	json_t *record;
	while (tool_option(argc, argv, ":h", options, help) != -1)
		json = true;
	tool_operands(argc, 1, 1);
	json_t *page = tool_call("audit.show", json_pack("{s:s}", "request_id", argv[optind]));
	json_t *records = json_object_get(page, "records");
	json_array_foreach(records, i, record)
	{
		if (json) {
			print_json(record);
			continue;
		}
		if (i > 0)
			printf("\n");
		print_record(record);
	}
	bool found = json_array_size(records) > 0;
	if (!found)
		fprintf(stderr, "heimgate-audit: there is no record of this request\n");
	json_decref(page);
	return found ? 0 : TOOL_REFUSED;
}
