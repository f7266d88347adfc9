#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../proto/daemon/log.h"

const char *spawn_path(const char *program)
{
	static char path[PATH_MAX + NAME_MAX];
	char self[PATH_MAX] = "";
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		fatal("cannot tell where this program is");
	snprintf(path, sizeof(path), "%s/%s", dirname(self), program);
	return path;
}

static _Noreturn void become(const char *path, const char *const *argv, int output, int keep)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (output >= 0)
		dup2(output, STDOUT_FILENO);
	if (keep >= 0)
		fcntl(keep, F_SETFD, 0);
	execv(path, (char *const *)argv);
	fprintf(stderr, "%s: cannot run %s; was everything built?\n", program_invocation_short_name, path);
	_exit(EXIT_ENVIRONMENT);
}

pid_t spawn(const char *const *argv, const struct spawn_variable *variables, size_t count, int output, int keep)
{
	const char *path = spawn_path(argv[0]);
	pid_t pid = fork();
	if (pid < 0)
		fatal("cannot start %s", argv[0]);
	if (pid > 0)
		return pid;
	for (size_t i = 0; i < count; i++)
		setenv(variables[i].name, variables[i].value, 1);
	become(path, argv, output, keep);
}

/* Whoever could not say the rest would die of it. */
static void skip_rest(FILE *output)
{
	char piece[4096];
	while (fread(piece, 1, sizeof(piece), output) > 0)
		continue;
}

int spawn_line(const char *const *argv, char *line, size_t size)
{
	int fds[2], status;
	if (pipe2(fds, O_CLOEXEC) < 0)
		fatal("cannot make a pipe");
	pid_t pid = spawn(argv, NULL, 0, fds[1], -1);
	close(fds[1]);
	FILE *output = fdopen(fds[0], "r");
	CHECK(output != NULL);
	line[0] = '\0';
	if (fgets(line, (int)size, output))
		line[strcspn(line, "\n")] = '\0';
	skip_rest(output);
	fclose(output);
	if (waitpid(pid, &status, 0) < 0)
		fatal("cannot wait for %s", argv[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
