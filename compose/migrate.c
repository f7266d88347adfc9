/*
 * heimgate-migrate: moves an installation from embedded stores to those that
 * the settings name, one tool of a daemon after the other.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../proto/daemon/log.h"
#include "spawn.h"

static const char help[] =
	"heimgate-migrate: move an embedded installation to PostgreSQL and Redis\n"
	"\n"
	"usage: heimgate-migrate\n"
	"\n"
	"Stop the suite, set HEIMGATE_AUTH_STORE and HEIMGATE_AUDIT_STORE to PostgreSQL's URLs (and\n"
	"HEIMGATE_LIMIT_STORE to Redis'), run this in the same environment, and start the suite again.\n"
	"\n"
	"Every key, revoked ones too, and every record and sum of history is copied from the SQLite files in\n"
	"HEIMGATE_STATE, which stay as they are.  It may be run again: what is there already is left alone.\n"
	"Counters need no moving: limiterd asks history what each budget has used.\n";

static const struct step {
	const char *program, *what;
} steps[] = {
	{"heimgate-migrate-keys", "keys"},
	{"heimgate-migrate-history", "history"},
};
enum { STEPS = sizeof(steps) / sizeof(*steps) };

/* Its exit status. */
static int run(const char *program)
{
	const char *const argv[] = {program, NULL};
	int status;
	pid_t pid = spawn(argv, NULL, 0, -1, -1);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return EXIT_ENVIRONMENT;
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	log_init("migrate");
	if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
		fputs(help, stdout);
		return 0;
	}
	if (argc > 1)
		fatal_usage("it takes no arguments; --help says what it does");
	for (size_t i = 0; i < STEPS; i++) {
		printf("%zu of %d: %s\n", i + 1, STEPS, steps[i].what);
		fflush(stdout);
		int status = run(steps[i].program);
		if (status != 0)
			return status;
	}
	printf("All of it is moved: start the suite with the new settings.\n");
	return 0;
}
