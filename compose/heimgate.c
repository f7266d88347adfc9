/*
 * heimgate: one command for people.  `heimgate key create` runs the program
 * heimgate-key beside this one, in the manner of git.
 */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../proto/daemon/log.h"

static const struct {
	const char *name, *purpose;
} tools[] = {
	{"up", "start the five daemons on this machine and stay with them"},
	{"key", "create, list, show, rotate and revoke keys"},
	{"limits", "what is in use: slots, queues, levels of each key"},
	{"models", "how the model servers are, and which model goes where"},
	{"audit", "read, verify and sum up history"},
	{"check", "explain models.json, and where a model would go"},
	{"frames", "show what passes between the daemons, to people who debug one"},
	{"migrate", "move an embedded installation to PostgreSQL and Redis"},
};

static void print_help(FILE *to)
{
	fprintf(to, "heimgate: a private gate in front of model servers\n\nusage: heimgate TOOL [ARGUMENT ...]\n\n");
	for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++)
		fprintf(to, "  %-8s%s\n", tools[i].name, tools[i].purpose);
	fprintf(to, "\n`heimgate TOOL --help` says more about each.\n");
}

static int known(const char *name)
{
	for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++)
		if (strcmp(tools[i].name, name) == 0)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	char self[PATH_MAX] = "", program[PATH_MAX + 32];
	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return 0;
	}
	if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
		printf("heimgate %s\n", HEIMGATE_VERSION);
		return 0;
	}
	if (!known(argv[1])) {
		fprintf(stderr, "heimgate: there is no tool \"%s\"; `heimgate --help` lists them\n", argv[1]);
		return EXIT_USAGE;
	}
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0) {
		perror("heimgate: cannot tell where this program is");
		return EXIT_ENVIRONMENT;
	}
	snprintf(program, sizeof(program), "%s/heimgate-%s", dirname(self), argv[1]);
	argv[1] = strrchr(program, '/') + 1;
	execv(program, argv + 1);
	perror(program);
	return EXIT_ENVIRONMENT;
}
