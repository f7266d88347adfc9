#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/log.h"

/* Numbers no distribution hands out; the same whenever the suite is started. */
enum { FIRST_USER = 64200, FIRST_LINK_GROUP = 64220 };

static unsigned user_of(enum wire_role role)
{
	unsigned index = 0;
	for (unsigned bit = (unsigned)role; bit > 1; bit >>= 1)
		index++;
	return FIRST_USER + index;
}

static unsigned group_of(enum wire_link link)
{
	return FIRST_LINK_GROUP + (unsigned)link;
}

static void make_directory(const char *path, mode_t mode)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		fatal("cannot make the directory %s", path);
}

static void make_directories(const char *path)
{
	char part[4096 + 1];
	snprintf(part, sizeof(part), "%s", path);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		make_directory(part, 0755);
		*slash = '/';
	}
	make_directory(part, 0755);
}

static bool reachable_by_others(const char *path)
{
	char part[4096 + 1];
	struct stat info;
	snprintf(part, sizeof(part), "%s", path);
	for (char *end = part + strlen(part); end; end = strrchr(part, '/')) {
		*end = '\0';
		if (stat(*part ? part : "/", &info) < 0 || !(info.st_mode & S_IXOTH))
			return false;
	}
	return true;
}

/* Whoever may write beside it could have put a link to another directory in its place. */
static void give(const char *path, unsigned user, unsigned group, mode_t mode)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchown(fd, user, group) < 0 || fchmod(fd, mode) < 0)
		fatal("cannot give %s to its daemon", path);
	close(fd);
}

static void make_own(const char *state, const char *name, enum wire_role role, bool separate)
{
	char *path = conf_path(state, name);
	make_directory(path, 0700);
	if (separate)
		give(path, user_of(role), user_of(role), 0700);
	free(path);
}

static void make_link(const char *run, enum wire_link link, bool separate)
{
	char *path = conf_path(run, wire_link_info(link)->name);
	make_directory(path, 0750);
	/* Set-group-id: the socket made inside inherits the link's group. */
	if (separate)
		give(path, user_of(wire_link_info(link)->listener), group_of(link), 02750);
	free(path);
}

bool state_prepare(const char *state, const char *run)
{
	make_directories(state);
	make_directories(run);
	bool separate = geteuid() == 0 && reachable_by_others(state) && reachable_by_others(run);
	make_own(state, "authd", ROLE_AUTHD, separate);
	make_own(state, "auditd", ROLE_AUDITD, separate);
	for (enum wire_link link = 0; link < LINK_COUNT; link++)
		make_link(run, link, separate);
	return separate || geteuid() != 0;
}

void state_user(enum wire_role role, bool separate, char *text)
{
	int n;
	text[0] = '\0';
	if (geteuid() != 0)
		return;
	if (!separate) {
		snprintf(text, STATE_USER_MAX, "0:0");
		return;
	}
	n = snprintf(text, STATE_USER_MAX, "%u:%u", user_of(role), user_of(role));
	for (enum wire_link link = 0; link < LINK_COUNT; link++)
		if (wire_link_info(link)->dialer == role || wire_link_info(link)->listener == role)
			n += snprintf(text + n, STATE_USER_MAX - (size_t)n, ",%u", group_of(link));
}
