#include "relay.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/sp.h"
#include "describe.h"
#include "place.h"
#include "screen.h"

/* A dialer tries every 100 ms, and a new listener is to be ours first. */
enum { TEND_MS = 2, HOLD_BYTES = 512 * 1024, NOTE_MAX = 256 };

static const struct wire_link_info *link_info;
static const char *dialer, *listener;
static struct loop_watch door = {.fd = -1}; /* where the dialer knocks; -1: there is no listener whose place we have */
static struct loop_timer tending;
static int caller = -1;     /* the dialer, until the listener has greeted us */
static struct sp near, far; /* to the dialer, to the listener */
static bool joined, starved;

static void __attribute__((format(printf, 1, 2))) note(const char *format, ...)
{
	char line[NOTE_MAX];
	va_list arguments;
	int start = snprintf(line, sizeof(line), "%s: ", link_info->name);
	va_start(arguments, format);
	vsnprintf(line + start, sizeof(line) - (size_t)start, format, arguments);
	va_end(arguments);
	screen_line(line, strlen(line));
}

/* --- passing on --- */

static void show(const uint8_t *bytes, size_t length, enum wire_role from, enum wire_role to)
{
	struct describe_line line;
	struct wire_in in;
	wire_in_init(&in, bytes, length);
	while (in.error == WIRE_OK && in.offset < in.length) {
		describe_next(&in, from, to, &line);
		screen_line(line.text, line.length);
	}
}

static void pass_on(struct sp *to, const uint8_t *bytes, size_t length)
{
	uint8_t *room = to->attached ? sp_reserve(to, length, SIZE_MAX) : NULL;
	starved = starved || !room;
	if (!room)
		return;
	memcpy(room, bytes, length);
	sp_commit(to, length);
	sp_end(to);
}

static void heard_dialer(void *arg, const uint8_t *bytes, size_t length)
{
	(void)arg;
	show(bytes, length, link_info->dialer, link_info->listener);
	pass_on(&far, bytes, length);
}

static void heard_listener(void *arg, const uint8_t *bytes, size_t length)
{
	(void)arg;
	show(bytes, length, link_info->listener, link_info->dialer);
	pass_on(&near, bytes, length);
}

/* --- both ends --- */

static void part(void *arg)
{
	(void)arg;
	if (caller >= 0)
		close(caller);
	caller = -1;
	sp_flush(&near);
	sp_flush(&far);
	sp_detach(&near);
	sp_detach(&far);
	if (joined)
		note("down\n");
	joined = false;
}

static void dialer_greeted(void *arg)
{
	(void)arg;
	joined = true;
	note("up\n");
}

/* Nobody has dialled us when this was only to see whether the listener has a peer: then it has none. */
static void listener_greeted(void *arg)
{
	static const struct sp_events events = {.opened = dialer_greeted, .message = heard_dialer, .closed = part};
	(void)arg;
	int fd = caller;
	caller = -1;
	if (fd < 0)
		sp_detach(&far);
	else
		sp_attach(&near, fd, SP_PAIR0, SP_PAIR0, &events, NULL);
}

static void listener_closed(void *arg)
{
	bool refused = !near.attached && caller < 0;
	part(arg);
	if (refused && place_has_listener())
		note("%s and %s are joined past this program; start %s again to see what they say\n", dialer, listener, dialer);
}

static void greet_listener(int fd)
{
	static const struct sp_events events = {
		.opened = listener_greeted, .message = heard_listener, .closed = listener_closed};
	sp_attach(&far, fd, SP_PAIR0, SP_PAIR0, &events, NULL);
}

static void knock(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
	int fd = accept4(door.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (near.attached || caller >= 0) {
		close(fd);
		return;
	}
	caller = fd;
	int there = far.attached ? -1 : place_dial();
	if (there >= 0)
		greet_listener(there);
	else if (!far.attached)
		part(NULL);
}

/* --- the listener's place --- */

static void take(void)
{
	int there = place_dial_first();
	if (there < 0)
		return;
	door = (struct loop_watch){.fd = place_take(), .ready = knock};
	if (loop_watch(&door, EPOLLIN) < 0)
		fatal("cannot watch the listener's place");
	note("in the place of %s\n", listener);
	greet_listener(there);
}

static void leave(void)
{
	part(NULL);
	loop_unwatch(&door);
	place_leave(door.fd);
	door.fd = -1;
	note("waiting for %s\n", listener);
}

static void tend(void *arg)
{
	(void)arg;
	if (door.fd < 0)
		take();
	else if (!place_has_listener())
		leave();
	loop_timer_set(&tending, TEND_MS);
}

static void settle(void *arg)
{
	(void)arg;
	if (starved)
		part(NULL);
	starved = false;
	screen_flush();
	sp_flush(&near);
	sp_flush(&far);
	sp_hold(&near, far.out.length > HOLD_BYTES);
	sp_hold(&far, near.out.length > HOLD_BYTES);
}

void relay_open(enum wire_link which)
{
	link_info = wire_link_info(which);
	dialer = wire_role_name(link_info->dialer);
	listener = wire_role_name(link_info->listener);
	tending.expired = tend;
	place_reserve();
	loop_after_batch(settle, NULL);
	take();
	if (door.fd < 0)
		note("waiting for %s\n", listener);
	loop_timer_set(&tending, TEND_MS);
}

void relay_close(void)
{
	if (door.fd >= 0)
		place_give_back(door.fd);
	part(NULL);
	screen_flush();
}
