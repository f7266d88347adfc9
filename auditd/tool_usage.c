/* heimgate-audit usage: requests and tokens, summed up. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/table.h"
#include "tool.h"

enum { DAY_SECONDS = 86400, DAYS = 30, DAYS_MAX = 36500 };

enum form { FORM_TABLE, FORM_CSV, FORM_JSON };

struct usage {
	const char *by;
	uint64_t since, until; /* ms since the epoch; until 0: no end */
	enum form form;
};

/* "2026-10-05" as the ms at which that day begins; false when it is no date. */
static bool read_date(const char *text, uint64_t *ms)
{
	struct tm tm = {.tm_isdst = 0};
	const char *end = strptime(text, "%Y-%m-%d", &tm);
	if (strlen(text) != 10 || !end || *end != '\0' || timegm(&tm) < 0)
		return false;
	*ms = (uint64_t)timegm(&tm) * 1000;
	return true;
}

static uint64_t read_since(const char *text)
{
	uint64_t ms;
	char days[16];
	size_t length = strlen(text);
	if (read_date(text, &ms))
		return ms;
	if (length < 2 || length >= sizeof(days) || text[length - 1] != 'd')
		fatal_usage("--since must be like 30d or 2026-10-01, not \"%s\"", text);
	snprintf(days, sizeof(days), "%.*s", (int)length - 1, text);
	uint64_t span = tool_number("--since", days, DAYS_MAX) * DAY_SECONDS, now = (uint64_t)time(NULL);
	return now > span ? (now - span) * 1000 : 0;
}

/* The day named is the last one that counts. */
static uint64_t read_until(const char *text)
{
	uint64_t ms;
	if (!read_date(text, &ms))
		fatal_usage("--until must be like 2026-10-31, not \"%s\"", text);
	return ms + DAY_SECONDS * 1000;
}

/* All rows; a page of them may not be all. */
static json_t *ask_all(const struct usage *usage)
{
	json_t *rows = json_array();
	for (bool more = true; more;) {
		json_t *arguments = json_pack("{s:s, s:I, s:I}", "by", usage->by, "since", (json_int_t)usage->since, "skip",
		                              (json_int_t)json_array_size(rows));
		if (usage->until != 0)
			json_object_set_new(arguments, "until", json_integer((json_int_t)usage->until));
		json_t *page = tool_call("audit.usage", arguments);
		json_t *part = json_object_get(page, "usage");
		more = json_is_true(json_object_get(page, "more")) && json_array_size(part) > 0;
		json_array_extend(rows, part);
		json_decref(page);
	}
	return rows;
}

static const char *const numbers[] = {"requests", "refusals", "tokens_in", "tokens_out"};
enum { NUMBERS = sizeof(numbers) / sizeof(*numbers) };

static void print_table(const struct usage *usage, const json_t *rows)
{
	bool by_key = strcmp(usage->by, "key") == 0;
	struct table table = {.columns = NUMBERS + 1};
	size_t column = 0, i;
	json_t *row;
	table.columns += by_key;
	table.titles[column++] = by_key ? "KEY" : strcmp(usage->by, "day") == 0 ? "DAY" : "MODEL";
	if (by_key)
		table.titles[column++] = "NAME";
	memcpy(&table.titles[column], (const char *[]){"REQUESTS", "REFUSALS", "TOKENS IN", "TOKENS OUT"},
	       NUMBERS * sizeof(char *));
	json_array_foreach(rows, i, row)
	{
		table_text(&table, tool_text(row, "label"));
		if (by_key)
			table_text(&table, tool_text(row, "key_name"));
		for (size_t n = 0; n < NUMBERS; n++)
			table_number(&table, tool_integer(row, numbers[n]));
	}
	table_print(&table, stdout);
}

/* RFC 4180; a terminal may be what reads it. */
static void put_csv(const char *text)
{
	char *doubled = malloc(2 * strlen(text) + 1), *end = doubled;
	CHECK(doubled != NULL);
	for (; *text; text++) {
		if (*text == '"')
			*end++ = '"';
		*end++ = *text;
	}
	*end = '\0';
	putchar('"');
	table_put(stdout, doubled);
	putchar('"');
	free(doubled);
}

static void print_csv(const struct usage *usage, const json_t *rows)
{
	size_t i;
	json_t *row;
	printf("%s,name,requests,refusals,tokens_in,tokens_out\r\n", usage->by);
	json_array_foreach(rows, i, row)
	{
		put_csv(tool_text(row, "label"));
		putchar(',');
		put_csv(tool_text(row, "key_name"));
		for (size_t n = 0; n < NUMBERS; n++)
			printf(",%" JSON_INTEGER_FORMAT, tool_integer(row, numbers[n]));
		printf("\r\n");
	}
}

static void print_usage(const struct usage *usage, const json_t *rows)
{
	switch (usage->form) {
	case FORM_TABLE:
		print_table(usage, rows);
		break;
	case FORM_CSV:
		print_csv(usage, rows);
		break;
	case FORM_JSON:
		json_dumpf(rows, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
		printf("\n");
		break;
	}
}

static void read_option(struct usage *usage, int letter)
{
	if (letter == 's')
		usage->since = read_since(optarg);
	if (letter == 'u')
		usage->until = read_until(optarg);
	if (letter == 'b')
		usage->by = optarg;
	if (letter == 'c')
		usage->form = FORM_CSV;
	if (letter == 'j')
		usage->form = FORM_JSON;
}

int tool_usage(int argc, char **argv)
{
	static const char help[] =
		"heimgate-audit usage [OPTION ...]: requests and tokens of whole days (UTC)\n\n"
		"  --since 30d     from the day that was so many days ago, or from a date like 2026-10-01 (30d)\n"
		"  --until DATE    up to and with this day (today)\n"
		"  --by KEY        key, model or day (key)\n"
		"  --csv           comma-separated values\n"
		"  --json          a JSON array\n\n"
		"By model, refusals and requests that failed stand in the row \"-\".\n";
	static const struct option options[] = {{"help", no_argument, NULL, 'h'},
	                                        {"since", required_argument, NULL, 's'},
	                                        {"until", required_argument, NULL, 'u'},
	                                        {"by", required_argument, NULL, 'b'},
	                                        {"csv", no_argument, NULL, 'c'},
	                                        {"json", no_argument, NULL, 'j'},
	                                        {NULL, 0, NULL, 0}};
	struct usage usage = {.by = "key", .since = ((uint64_t)time(NULL) - DAYS * DAY_SECONDS) * 1000};
	for (int letter; (letter = tool_option(argc, argv, ":h", options, help)) != -1;)
		read_option(&usage, letter);
	tool_operands(argc, 0, 0);
	if (strcmp(usage.by, "key") != 0 && strcmp(usage.by, "model") != 0 && strcmp(usage.by, "day") != 0)
		fatal_usage("--by must be key, model or day, not \"%s\"", usage.by);
	json_t *rows = ask_all(&usage);
	print_usage(&usage, rows);
	json_decref(rows);
	return 0;
}
