/* heimgate-audit: read, verify and sum up history. */
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/ctl.h"
#include "../proto/daemon/log.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *purpose;
} commands[] = {
	{"tail", tool_tail, "the newest records, and with -f those to come"},
	{"show", tool_show, "all that is known about one request"},
	{"usage", tool_usage, "requests and tokens by key, model or day"},
	{"verify", tool_verify, "check a journal's chain of hashes, without the daemon"},
};

static void print_help(FILE *to)
{
	fprintf(to, "heimgate-audit: read, verify and sum up history\n\nusage: heimgate-audit COMMAND [OPTION ...]\n\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(to, "  %-8s%s\n", commands[i].name, commands[i].purpose);
	fprintf(to, "\n`heimgate-audit COMMAND --help` says more about each.\n");
}

int tool_option(int argc, char **argv, const char *letters, const struct option *options, const char *help)
{
	opterr = 0;
	int letter = getopt_long(argc, argv, letters, options, NULL);
	if (letter == 'h') {
		fputs(help, stdout);
		exit(0);
	}
	if (letter == '?' || letter == ':')
		fatal_usage("%s \"%s\"; heimgate-audit %s --help tells what there is",
		            letter == ':' ? "a value is missing for" : "there is no option", argv[optind - 1], argv[0]);
	return letter;
}

void tool_operands(int argc, int least, int most)
{
	if (argc - optind < least)
		fatal_usage("something is missing; --help tells what");
	if (argc - optind > most)
		fatal_usage("too many arguments; --help tells what there is");
}

uint64_t tool_number(const char *option, const char *text, uint64_t max)
{
	char *end;
	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || number == 0 || number > max)
		fatal_usage("%s must be a number from 1 to %llu, not \"%s\"", option, (unsigned long long)max, text);
	return number;
}

json_t *tool_call(const char *verb, json_t *arguments)
{
	static struct conf_auditd conf;
	if (!conf.run)
		conf_load_environment(CONF_AUDITD, &conf);
	json_t *result = ctl_call(conf.run, LINK_CTL_AUDITD, verb, arguments);
	if (!result)
		exit(errno == EPERM ? TOOL_REFUSED : EXIT_ENVIRONMENT);
	return result;
}

const char *tool_text(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));
	return text ? text : "";
}

json_int_t tool_integer(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

int main(int argc, char **argv)
{
	log_init("audit");
	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
		print_help(stdout);
		return 0;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		int result = commands[i].run(argc - 1, argv + 1);
		if (fflush(stdout) != 0)
			fatal("cannot write to standard output");
		return result;
	}
	fatal_usage("there is no command \"%s\"; heimgate-audit --help lists them", argv[1]);
}
