/* heimgate-audit verify: a journal checked from its files alone. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/log.h"
#include "tool.h"
#include "verify.h"

enum { DAMAGES_SHOWN = 20 };

static void print_damage(void *arg, const char *file, uint64_t line, const char *text)
{
	unsigned *shown = arg;
	if ((*shown)++ >= DAMAGES_SHOWN)
		return;
	if (line > 0)
		printf("%s:%" PRIu64 ": %s\n", file, line, text);
	else
		printf("%s: %s\n", file, text);
}

static void print_report(const struct verify_report *report)
{
	printf("records     %" PRIu64 "\n", report->lines);
	if (report->first_seq != 0) {
		printf("numbers     %" PRIu64 " to %" PRIu64 "\n", report->first_seq, report->end.seq);
		printf("first time  %s\n", report->first_time);
		printf("last time   %s\n", report->last_time);
		printf("chain head  %s\n", report->end.hash);
	}
	if (report->unfinished > 0)
		printf("unfinished  %" PRIu64 " bytes at the end: a write under way, or cut short by a crash\n",
		       report->unfinished);
	if (report->damaged > 0)
		printf("DAMAGED     in %" PRIu64 " places\n", report->damaged);
	else
		printf("sound       every record hashes to what the next one says\n");
}

static char *journal_of_settings(void)
{
	static struct conf_auditd conf;
	conf_load_environment(CONF_AUDITD, &conf);
	return conf_path(conf.state, "auditd/journal");
}

int tool_verify(int argc, char **argv)
{
	static const char help[] = "heimgate-audit verify [DIRECTORY]: check a journal's numbers and hashes\n\n"
							   "DIRECTORY holds the segments and head (auditd/journal under HEIMGATE_STATE).  The\n"
							   "daemon is not needed and may be running.  Ends with 1 when anything is wrong.\n\n"
							   "To be sure that nobody has made the whole chain anew, keep the chain head elsewhere\n"
							   "now and then: it must still be found as \"prev\" of the record after it.\n";
	static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	struct verify_report report;
	unsigned shown = 0;
	tool_option(argc, argv, ":h", options, help);
	tool_operands(argc, 0, 1);
	char *directory = argc > optind ? conf_path(".", argv[optind]) : journal_of_settings();
	if (verify_journal(directory, &report, print_damage, &shown) < 0)
		fatal("cannot read the journal in %s", directory);
	if (report.damaged > DAMAGES_SHOWN)
		printf("and %" PRIu64 " more\n", report.damaged - DAMAGES_SHOWN);
	print_report(&report);
	free(directory);
	return report.damaged > 0 ? TOOL_REFUSED : 0;
}
