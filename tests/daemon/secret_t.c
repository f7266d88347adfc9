/* What libsodium's guarded heap gives to secrets, as the kernel sees it. */
#include "../../proto/daemon/secret.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../proto/daemon/log.h"
#include "../tap/tap.h"

enum { SIZE = 32, NOBODY = 65534 };

static char *secret;

/* The signal that ends a process which does that, or 0. */
static int end_of(void (*act)(void))
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL); /* a sanitizer would report it */
		signal(SIGABRT, SIG_DFL);
		act();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

__attribute__((no_sanitize("address"))) static void touch(long offset)
{
	volatile char *at = secret + offset;
	*at = (char)(*at + 1);
}

static void touch_inside(void)
{
	touch(SIZE - 1);
}

static void touch_behind(void)
{
	touch(SIZE);
}

static void touch_after_free(void)
{
	secret_free(secret);
	touch(0);
}

/* VmFlags of the mapping in which the secret is, from the kernel. */
static void flags(char *text, size_t size)
{
	char line[512], *dash;
	bool found = false;
	FILE *maps = fopen("/proc/self/smaps", "re");
	text[0] = '\0';
	while (maps && fgets(line, sizeof(line), maps)) {
		uintptr_t from = strtoull(line, &dash, 16);
		if (*dash == '-')
			found = from <= (uintptr_t)secret && (uintptr_t)secret < strtoull(dash + 1, NULL, 16);
		if (found && strncmp(line, "VmFlags:", strlen("VmFlags:")) == 0)
			snprintf(text, size, "%s", line);
	}
	if (maps)
		fclose(maps);
}

static void check_flags(void)
{
	char seen[512];
	flags(seen, sizeof(seen));
	ok(strstr(seen, " dd ") != NULL, "it is not dumped: %s", seen);
#ifndef HEIMGATE_SANITIZED /* a sanitizer's mlock() does nothing, and well */
	ok(strstr(seen, " lo ") != NULL, "nor swapped out");
#endif
}

static void test_kept(void)
{
	static const char zeroes[SIZE];
	secret = secret_new(SIZE);
	is_bytes(secret, SIZE, zeroes, SIZE, "it begins with zeroes");
	check_flags();
	is_int(end_of(touch_inside), 0, "it may be written to");
	is_int(end_of(touch_behind), SIGSEGV, "what is behind it may not be touched");
	is_int(end_of(touch_after_free), SIGSEGV, "nor itself, once it was freed");
	secret_seal(secret);
	is_int(end_of(touch_inside), SIGSEGV, "sealed, it cannot be changed");
	secret_free(secret);
	secret_free(NULL);
}

static void keep_two_unlocked(int log)
{
	struct rlimit none = {0, 0};
	if (dup2(log, STDERR_FILENO) < 0 || setrlimit(RLIMIT_MEMLOCK, &none) != 0 ||
	    (geteuid() == 0 && setuid(NOBODY) != 0))
		_exit(1);
	for (int i = 0; i < 2; i++)
		memset(secret_new(SIZE), 'x', SIZE);
	_exit(0);
}

static void test_limit(void)
{
	char said[1024];
	int ends[2], status;
	if (pipe(ends) != 0)
		fatal("no pipe");
	pid_t pid = fork();
	if (pid == 0)
		keep_two_unlocked(ends[1]);
	close(ends[1]);
	waitpid(pid, &status, 0);
	ssize_t length = read(ends[0], said, sizeof(said) - 1);
	said[length > 0 ? length : 0] = '\0';
	is_int(status, 0, "where nothing may be locked, there is a secret all the same");
#ifndef HEIMGATE_SANITIZED
	const char *line = strstr(said, "event=secret-not-locked");
	ok(line && !strstr(line + 1, "event="), "and the log says so, once");
#endif
}

int main(void)
{
	log_init("secret");
	test_kept();
	test_limit();
	return tap_done();
}
