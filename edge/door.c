#include "door.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../proto/daemon/listen.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/sp.h"

enum { PATIENCE_MS = 10 * 1000, TRY_MS = 100 };

static void heard(void *arg, uint32_t events);
static void knock(void *arg);

static const char *door_path;
static struct loop_watch line = {-1, heard, NULL}; /* to the door, for as long as it is there */
static struct loop_timer again = {.expired = knock};
static void (*when_closed)(void);
static void (*when_opened)(int fd);

/* One try at start; -1 when nothing came of it. */
static int try(void)
{
	line.fd = sp_dial(door_path);
	if (line.fd < 0)
		return -1;
	struct pollfd there = {.fd = line.fd, .events = POLLIN};
	int fd = poll(&there, 1, TRY_MS) > 0 ? listen_take(line.fd) : -1;
	if (fd < 0) {
		close(line.fd);
		line.fd = -1;
	}
	return fd;
}

int door_open(const char *path)
{
	uint64_t until = loop_micros() + PATIENCE_MS * 1000;
	door_path = path;
	int fd = try();
	while (fd < 0 && loop_micros() < until) {
		poll(NULL, 0, TRY_MS);
		fd = try();
	}
	if (fd < 0)
		fatalx("no listening socket comes from %s: is heimgate-door running?", path);
	return fd;
}

static void knock(void *arg)
{
	(void)arg;
	line.fd = sp_dial(door_path);
	if (line.fd >= 0 && loop_watch(&line, EPOLLIN) == 0)
		return;
	if (line.fd >= 0)
		close(line.fd);
	line.fd = -1;
	loop_timer_set(&again, TRY_MS);
}

static void heard(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
	int fd = listen_take(line.fd);
	if (fd >= 0) {
		log_info("door-opened", "path=%s", log_text(door_path));
		when_opened(fd);
		return;
	}
	if (errno == EAGAIN)
		return;
	log_warn("door-closed", "path=%s", log_text(door_path));
	loop_unwatch(&line);
	close(line.fd);
	line.fd = -1;
	when_closed();
	loop_timer_set(&again, TRY_MS);
}

void door_watch(void (*closed)(void), void (*opened)(int fd))
{
	when_closed = closed;
	when_opened = opened;
	if (loop_watch(&line, EPOLLIN) < 0)
		fatal("cannot watch the door");
}

void door_leave(void)
{
	loop_timer_clear(&again);
	if (line.fd < 0)
		return;
	loop_unwatch(&line);
	close(line.fd);
	line.fd = -1;
}
