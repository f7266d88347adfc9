/* What is given up at the start is gone: users, groups, capabilities, descriptors of others; and no standard descriptor
 * belongs to anybody else. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../proto/daemon/log.h"
#include "../../proto/daemon/priv.h"
#include "../tap/tap.h"

enum { DESCRIPTORS = 64, INHERITED = 40, OWN = 41, LINE = 256 };

/* What the kernel says of this process; "" when it says nothing of the kind. */
static const char *status_of(const char *name)
{
	static char line[LINE];
	size_t length = strlen(name);
	FILE *file = fopen("/proc/self/status", "re");
	CHECK(file != NULL);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			break;
	const char *value = feof(file) ? "" : line + length + 2;
	line[strcspn(line, "\n")] = '\0';
	fclose(file);
	return value;
}

static void check_standard_descriptors(void)
{
	int kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, OWN);
	int errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, OWN);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	log_init("priv_t");
	int next = open("/", O_PATH | O_CLOEXEC);
	dup2(kept, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	ok(next > STDERR_FILENO, "what is opened first is not taken for standard error, though that was closed");
	close(next);
	close(kept);
	close(errors);
}

static void check_root_is_gone(void)
{
	is_text(status_of("Uid"), "64300\t64300\t64300\t64300", "another user");
	is_text(status_of("Gid"), "64301\t64301\t64301\t64301", "another group");
	is_text(status_of("Groups"), "64301 64302 ", "and no others than were named");
	is_text(status_of("CapBnd"), "0000000000000000", "no capability that a program could give");
}

static void check_rights(void)
{
	struct rlimit core, files;
	is_text(status_of("CapEff"), "0000000000000000", "no capability");
	is_text(status_of("CapPrm"), "0000000000000000", "none to take up");
	is_text(status_of("CapInh"), "0000000000000000", "none to hand on");
	is_text(status_of("NoNewPrivs"), "1", "nor any other privilege");
	is_int(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0, "nobody of the same user can look inside");
	ok(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0, "no core is dumped");
	ok(getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max == DESCRIPTORS, "and only so much can be opened");
}

int main(void)
{
	bool is_root = geteuid() == 0;
	check_standard_descriptors();
	CHECK(dup2(STDOUT_FILENO, INHERITED) == INHERITED && fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, OWN) == OWN);
	priv_drop("64300:64301,64302", DESCRIPTORS);
	ok(fcntl(INHERITED, F_GETFD) < 0, "a descriptor that nobody declared is closed");
	ok(fcntl(OWN, F_GETFD) >= 0, "one of our own is not");
	check_rights();
	if (is_root)
		check_root_is_gone();
	return tap_done();
}
