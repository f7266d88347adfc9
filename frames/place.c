#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/sp.h"

static const char name[] = "link", aside[] = "link.aside";
static ino_t ours; /* our socket, as long as we have the place */

void place_reserve(void)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* stays open, and with it the lock */
	if (fd < 0)
		fatal("cannot open the directory of the link");
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		fatalx("another heimgate-frames is on this link");
}

/* A connection of another kind than the socket's own is refused in one way or another, and nobody notices. */
static bool is_bound(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return true;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	bool nobody =
		connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 && (errno == ECONNREFUSED || errno == ENOENT);
	close(fd);
	return !nobody;
}

static ino_t inode(const char *path)
{
	struct stat info;
	return stat(path, &info) == 0 ? info.st_ino : 0;
}

int place_dial_first(void)
{
	int fd = sp_dial(name);
	if (fd < 0 && errno == EACCES)
		fatal("cannot reach who listens: this takes root, or its user");
	return fd < 0 ? sp_dial(aside) : fd;
}

int place_take(void)
{
	if (is_bound(name) && rename(name, aside) < 0)
		fatal("cannot take the listener's place: this takes root, or its user");
	int fd = sp_listen(name);
	ours = inode(name);
	if (fd >= 0)
		return fd;
	int reason = errno;
	rename(aside, name);
	errno = reason;
	fatal("cannot listen in the listener's place");
}

int place_dial(void)
{
	return sp_dial(aside);
}

bool place_has_listener(void)
{
	return is_bound(aside);
}

void place_give_back(int fd)
{
	if (inode(name) == ours && rename(aside, name) < 0)
		log_error("socket-not-put-back", "reason=%s", log_text(strerror(errno)));
	close(fd);
}

void place_leave(int fd)
{
	if (inode(name) == ours)
		unlink(name);
	unlink(aside);
	close(fd);
}
