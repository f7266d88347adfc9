#include "priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"

enum { GROUPS_MAX = 16 };

struct identity {
	uid_t uid;
	gid_t groups[GROUPS_MAX]; /* the first is the primary one */
	size_t count;
};

static unsigned long number(const char **text)
{
	char *end;
	errno = 0;
	unsigned long value = strtoul(*text, &end, 10);
	if (errno != 0 || end == *text || value >= UINT32_MAX || **text < '0' || **text > '9')
		fatal_usage("HEIMGATE_USER must be UID:GID[,GID...] in numbers");
	*text = end;
	return value;
}

static struct identity parse(const char *text)
{
	struct identity who = {.uid = (uid_t)number(&text)};
	char separator = ':';
	while (*text == separator && who.count < GROUPS_MAX) {
		text++;
		who.groups[who.count++] = (gid_t)number(&text);
		separator = ',';
	}
	if (*text != '\0' || who.count == 0)
		fatal_usage("HEIMGATE_USER must be UID:GID[,GID...] in numbers, with at most %d groups", GROUPS_MAX);
	return who;
}

/* Whoever started us may have asked that we end with them; a change of user would forget that. */
static void become(const struct identity *who)
{
	int parent_death = 0;
	prctl(PR_GET_PDEATHSIG, &parent_death);
	if (setgroups(who->count, who->groups) < 0 || setresgid(who->groups[0], who->groups[0], who->groups[0]) < 0 ||
	    setresuid(who->uid, who->uid, who->uid) < 0)
		fatal("cannot become user %u", (unsigned)who->uid);
	if (who->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
		fatalx("root could be regained after giving it up");
	prctl(PR_SET_PDEATHSIG, parent_death);
}

/* It takes a right that goes with root; without it nothing can be gained from the set either. */
static void drop_bounding_set(void)
{
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
		if (prctl(PR_CAPBSET_DROP, capability) < 0 && errno != EPERM)
			fatal("cannot drop capability %d", capability);
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 || syscall(SYS_capset, &header, none) < 0)
		fatal("cannot drop the capabilities");
}

static void limit(__rlimit_resource_t resource, rlim_t value)
{
	struct rlimit current;
	if (getrlimit(resource, &current) < 0)
		fatal("cannot read a resource limit");
	if (current.rlim_max != RLIM_INFINITY && value > current.rlim_max)
		value = current.rlim_max;
	current = (struct rlimit){value, value};
	if (setrlimit(resource, &current) < 0)
		fatal("cannot set a resource limit");
}

/* What we opened ourselves closes on exec; whatever does not was inherited, and nobody declared it. */
static void close_inherited(void)
{
	DIR *descriptors = opendir("/proc/self/fd");
	if (!descriptors)
		fatal("cannot list the open descriptors");
	for (struct dirent *entry; (entry = readdir(descriptors)) != NULL;) {
		int fd = (int)strtol(entry->d_name, NULL, 10);
		if (fd > STDERR_FILENO && (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
			close(fd);
	}
	closedir(descriptors);
}

void priv_drop(const char *user, int descriptors)
{
	close_inherited();
	drop_bounding_set();
	if (geteuid() == 0) {
		if (*user == '\0')
			fatal_usage("started as root without HEIMGATE_USER: say which user to become");
		struct identity who = parse(user);
		become(&who);
	}
	drop_capabilities();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		fatal("cannot give up new privileges");
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, (rlim_t)descriptors);
	umask(0027);
}
