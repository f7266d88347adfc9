#include "options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/daemon/log.h"
#include "behaviour.h"

enum type { TEXT, NUMBER, FLAG };

struct row {
	enum type type;
	size_t offset;
	const char *name;
	const char *argument;
	const char *fallback;
	const char *meaning;
};

static const struct row rows[] = {
#define X(type, field, name, argument, fallback, meaning) \
	{type, offsetof(struct options, field), name, argument, fallback, meaning},
	OPTIONS(X)
#undef X
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

static uint32_t number(const struct row *row, const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (end == text || *end != '\0' || value > UINT32_MAX)
		fatal_usage("--%s: \"%s\" is no number", row->name, text);
	return (uint32_t)value;
}

static void set(struct options *options, const struct row *row, const char *text)
{
	void *field = (char *)options + row->offset;
	switch (row->type) {
	case TEXT:
		*(const char **)field = text;
		break;
	case NUMBER:
		*(uint32_t *)field = number(row, text);
		break;
	case FLAG:
		*(bool *)field = true;
		break;
	}
}

static _Noreturn void print_help(void)
{
	printf(
		"usage: heimgate-mockmodel [options]\n\nA model server that has no model, for tests and demonstrations.\n\n");
	for (size_t i = 0; i < ROWS; i++) {
		char name[64];
		snprintf(name, sizeof(name), "--%s %s", rows[i].name, rows[i].argument);
		printf("  %-16s %s%s%s%s\n", name, rows[i].meaning, *rows[i].fallback ? " (" : "", rows[i].fallback,
		       *rows[i].fallback ? ")" : "");
	}
	printf(
		"\nThe model's name, or the header X-Mock-Fault, says how a request is answered; words are joined with +:\n\n");
	behaviour_print(stdout);
	exit(0);
}

void options_read(struct options *options, int argc, char **argv)
{
	struct option longs[ROWS + 1] = {0};
	*options = (struct options){0};
	for (size_t i = 0; i < ROWS; i++) {
		longs[i] = (struct option){rows[i].name, rows[i].type == FLAG ? no_argument : required_argument, NULL, (int)i};
		if (rows[i].type != FLAG)
			set(options, &rows[i], rows[i].fallback);
	}
	for (int row; (row = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
		if (row == '?')
			exit(EXIT_USAGE);
		set(options, &rows[row], optarg);
	}
	if (optind < argc)
		fatal_usage("what is \"%s\"? See --help", argv[optind]);
	if (options->help)
		print_help();
	if (options->markdown) {
		behaviour_print_markdown(stdout);
		exit(0);
	}
}
