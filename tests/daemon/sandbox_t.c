/*
 * Each program's promises, as its main.c has them, are entered by a process that then tries what was not promised, and
 * what was.  The same without the sandbox shows that it is the sandbox that refuses.
 */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../proto/daemon/log.h"
#include "../../proto/daemon/promises.h"
#include "../../proto/daemon/sandbox.h"
#include "../../proto/daemon/sandbox_private.h"
#include "../tap/tap.h"
#include "sandbox_acts.h"

enum outcome { DONE, REFUSED, FAILED };

static long landlock; /* the version of it that this kernel has; below 1: none */

static unsigned promises_of(const struct program_promises *program)
{
	unsigned promises = sandbox_parse(program->promises);
#ifdef HEIMGATE_SANITIZED
	promises |= 1u << PROMISE_SANITIZER;
#endif
	return promises;
}

static enum outcome judge(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? REFUSED : FAILED;
	if (WEXITSTATUS(status) == 0)
		return DONE;
	return WEXITSTATUS(status) == EPERM || WEXITSTATUS(status) == EACCES ? REFUSED : FAILED;
}

static void enter(const char *promises, const char *demand)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || sandbox_path(acts_allowed_directory(), "rw") < 0)
		_exit(EXIT_ENVIRONMENT);
	sandbox_enter(promises, demand);
}

/* What comes of the act in a process that promised this; NULL: in one without a sandbox. */
static enum outcome try(const struct act *act, const char *promises)
{
	int status = 0;
	acts_make_ready();
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		if (promises)
			enter(promises, "best-effort");
		_exit(act->perform());
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	return judge(status);
}

static bool can_be_judged(const struct act *act)
{
	return landlock >= act->landlock && (geteuid() == 0 || !act->root);
}

static void check_program(const struct program_promises *program)
{
	unsigned promises = promises_of(program);
	for (size_t i = 0; i < act_count; i++) {
		const struct act *act = &acts[i];
		if (!can_be_judged(act))
			continue;
		bool allowed = promises & act->promised;
		enum outcome outcome = try(act, program->promises);
		if (allowed)
			is_int(outcome, DONE, "%s may %s", program->program, act->name);
		else
			is_int(outcome, REFUSED, "%s must not %s", program->program, act->name);
	}
}

static void check_without(void)
{
	for (size_t i = 0; i < act_count; i++)
		if (can_be_judged(&acts[i]))
			ok(try(&acts[i], NULL) != REFUSED, "without a sandbox nobody is kept from trying to %s", acts[i].name);
}

static void check_names(void)
{
	for (size_t i = 0; i < sandbox_rule_count; i++)
		if (seccomp_syscall_resolve_name(sandbox_rules[i].call) == __NR_SCMP_ERROR)
			ok(false, "%s is a system call", sandbox_rules[i].call);
	is_int(sandbox_parse("base ipc acept"), 0, "a word that is none makes no promise");
	is_int(sandbox_parse(""), 0, "nor does no word");
}

/* As on a kernel without Landlock.  A reason is told on standard error, which is not for those who read this. */
static int enter_without_landlock(const char *demand)
{
	int status = 0;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (!filter || seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SYS_landlock_create_ruleset, 0) < 0 ||
		    seccomp_load(filter) < 0)
			_exit(1);
		seccomp_release(filter);
		close(STDERR_FILENO);
		enter("base", demand);
		_exit(strstr(sandbox_name(), "seccomp, no landlock: kernel too old") == sandbox_name() ? 0 : 2);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void check_demands(void)
{
	is_int(enter_without_landlock("best-effort"), 0, "what a kernel lacks is named");
	is_int(enter_without_landlock("required"), EXIT_ENVIRONMENT, "where it is required nothing starts");
}

int main(void)
{
	log_init("test");
	log_level_set(LOG_LEVEL_ERROR);
	landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
	printf("# Landlock %ld\n", landlock);
	acts_prepare();
	check_names();
	is_int((int)program_promises_count, 7, "five daemons, the door and the resolver promise something");
	check_without();
	for (size_t i = 0; i < program_promises_count; i++)
		check_program(&program_promises[i]);
	check_demands();
	acts_clean_up();
	return tap_done();
}
