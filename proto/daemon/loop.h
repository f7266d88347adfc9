/*
 * The event loop: one per process, one thread, epoll underneath.
 * Handlers run to completion and never block.
 */
#ifndef DAEMON_LOOP_H
#define DAEMON_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A descriptor being watched.  Owned by the caller; must stay where it is while watched. */
struct loop_watch {
	int fd;
	void (*ready)(void *arg, uint32_t events); /* EPOLL* bits */
	void *arg;
};

/* A moment to wake up at.  Owned by the caller; zero-initialised means not set. */
struct loop_timer {
	uint64_t due; /* loop_now() milliseconds */
	size_t place; /* loop.c's own: position in the heap, 0 when not set */
	void (*expired)(void *arg);
	void *arg;
};

/* Makes the loop and blocks SIGTERM, SIGINT, SIGHUP, SIGPIPE for this and all later threads.
 * Ends the process on failure.  Call once, before anything that starts threads. */
void loop_open(void);

/* Starts watching; events are EPOLLIN, EPOLLOUT, EPOLLRDHUP; level-triggered.  -1 + errno on failure. */
int loop_watch(struct loop_watch *watch, uint32_t events);

/* Changes what is watched for. */
void loop_rewatch(struct loop_watch *watch, uint32_t events);

/* Stops watching: no event already gathered will reach it.  Does not close the descriptor. */
void loop_unwatch(struct loop_watch *watch);

/* (Re)arms the timer `after_ms` from now; its `expired` runs once. */
void loop_timer_set(struct loop_timer *timer, uint64_t after_ms);

/* Disarms it; harmless when it is not armed. */
void loop_timer_clear(struct loop_timer *timer);

bool loop_timer_armed(const struct loop_timer *timer);

/* Called after every batch of events, before sleeping.  At most 8 of them, never removed. */
void loop_after_batch(void (*call)(void *arg), void *arg);

/* Called on SIGHUP.  One of them. */
void loop_on_hangup(void (*call)(void *arg), void *arg);

/* Monotonic milliseconds, read once per batch. */
uint64_t loop_now(void);

/* Milliseconds since the epoch, read once per batch. */
uint64_t loop_wall(void);

/* Monotonic microseconds, read now: for measuring. */
uint64_t loop_micros(void);

/* Runs until loop_stop(), SIGTERM or SIGINT. */
void loop_run(void);

void loop_stop(void);

#endif
