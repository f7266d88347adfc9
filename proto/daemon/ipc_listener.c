#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "ipc_private.h"
#include "log.h"
#include "sp.h"

enum { PAUSE_MS = 100 };

const char *ipc_path(enum wire_link which, char path[IPC_PATH_MAX])
{
	snprintf(path, IPC_PATH_MAX, "%s/link", wire_link_info(which)->name);
	return path;
}

static int open_socket(enum wire_link which)
{
	char path[IPC_PATH_MAX];
	const char *directory = wire_link_info(which)->name;
	if (mkdir(directory, 0750) < 0 && errno != EEXIST)
		fatal("cannot make the directory of link %s", directory);
	int fd = sp_listen(ipc_path(which, path));
	if (fd < 0 && errno == EADDRINUSE)
		fatalx("%s is in use: is another suite running in this run directory?", directory);
	if (fd < 0)
		fatal("cannot listen on %s", directory);
	return fd;
}

static void resume(void *arg)
{
	struct ipc_listener *listener = arg;
	loop_rewatch(&listener->watch, EPOLLIN);
}

void ipc_listen(struct ipc_listener *listener, enum wire_link which, void (*knock)(void *arg, uint32_t events),
                void *arg)
{
	*listener = (struct ipc_listener){.watch = {open_socket(which), knock, arg}, .pause = {.expired = resume}};
	listener->pause.arg = listener;
	if (loop_watch(&listener->watch, EPOLLIN) < 0)
		fatal("cannot watch link %s", wire_link_info(which)->name);
}

int ipc_accept(struct ipc_listener *listener)
{
	int fd = accept4(listener->watch.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0 || errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return fd;
	/* No descriptor, most likely: whoever waits would wake the loop without end. */
	log_warn("not-accepted", "reason=%s", log_text(strerror(errno)));
	loop_rewatch(&listener->watch, 0);
	loop_timer_set(&listener->pause, PAUSE_MS);
	return -1;
}
