#include "loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

enum { BATCH = 128, AFTER_MAX = 8 };

struct call {
	void (*call)(void *arg);
	void *arg;
};

static int epoll_fd = -1;
static struct epoll_event batch[BATCH];
static int batch_size, batch_next;
static struct call after[AFTER_MAX];
static size_t after_count;
static struct call hangup;
static bool running;
static uint64_t now_ms, wall_ms;

/* A binary heap of armed timers, earliest first; place 0 stays empty, so that 0 can mean "not armed". */
static struct loop_timer **heap;
static size_t heap_size, heap_room;

static void signals_ready(void *arg, uint32_t events);
static struct loop_watch signals = {-1, signals_ready, NULL};

static void read_clocks(void)
{
	struct timespec mono, wall;
	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &wall);
	now_ms = (uint64_t)mono.tv_sec * 1000 + (uint64_t)mono.tv_nsec / 1000000;
	wall_ms = (uint64_t)wall.tv_sec * 1000 + (uint64_t)wall.tv_nsec / 1000000;
}

void loop_open(void)
{
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGPIPE);
	if (pthread_sigmask(SIG_BLOCK, &mask, NULL) != 0)
		fatal("cannot block signals");
	sigdelset(&mask, SIGPIPE);
	signals.fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (signals.fd < 0 || epoll_fd < 0 || loop_watch(&signals, EPOLLIN) < 0)
		fatal("cannot make the event loop");
	read_clocks();
}

int loop_watch(struct loop_watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};
	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, watch->fd, &event);
}

void loop_rewatch(struct loop_watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};
	CHECK(epoll_ctl(epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) == 0);
}

void loop_unwatch(struct loop_watch *watch)
{
	(void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	for (int i = batch_next; i < batch_size; i++)
		if (batch[i].data.ptr == watch)
			batch[i].data.ptr = NULL;
}

static void heap_put(size_t place, struct loop_timer *timer)
{
	heap[place] = timer;
	timer->place = place;
}

static void heap_up(size_t place, struct loop_timer *timer)
{
	for (; place > 1 && heap[place / 2]->due > timer->due; place /= 2)
		heap_put(place, heap[place / 2]);
	heap_put(place, timer);
}

static void heap_down(size_t place, struct loop_timer *timer)
{
	for (size_t child; (child = place * 2) <= heap_size; place = child) {
		if (child < heap_size && heap[child + 1]->due < heap[child]->due)
			child++;
		if (heap[child]->due >= timer->due)
			break;
		heap_put(place, heap[child]);
	}
	heap_put(place, timer);
}

static void heap_grow(void)
{
	heap_room = heap_room ? heap_room * 2 : 64;
	struct loop_timer **larger = reallocarray(heap, heap_room, sizeof(*heap));
	CHECK(larger != NULL);
	heap = larger;
}

void loop_timer_clear(struct loop_timer *timer)
{
	size_t place = timer->place;
	if (place == 0)
		return;
	timer->place = 0;
	struct loop_timer *last = heap[heap_size--];
	if (last == timer)
		return;
	if (place > 1 && heap[place / 2]->due > last->due)
		heap_up(place, last);
	else
		heap_down(place, last);
}

void loop_timer_set(struct loop_timer *timer, uint64_t after_ms)
{
	loop_timer_clear(timer);
	timer->due = now_ms + after_ms;
	if (heap_size + 2 > heap_room)
		heap_grow();
	heap_up(++heap_size, timer);
}

bool loop_timer_armed(const struct loop_timer *timer)
{
	return timer->place != 0;
}

void loop_after_batch(void (*call)(void *arg), void *arg)
{
	CHECK(after_count < AFTER_MAX);
	after[after_count++] = (struct call){call, arg};
}

void loop_on_hangup(void (*call)(void *arg), void *arg)
{
	hangup = (struct call){call, arg};
}

uint64_t loop_now(void)
{
	return now_ms;
}

uint64_t loop_wall(void)
{
	return wall_ms;
}

uint64_t loop_micros(void)
{
	struct timespec mono;
	clock_gettime(CLOCK_MONOTONIC, &mono);
	return (uint64_t)mono.tv_sec * 1000000 + (uint64_t)mono.tv_nsec / 1000;
}

static void signals_ready(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
	struct signalfd_siginfo info;
	while (read(signals.fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGHUP)
			loop_stop();
		else if (hangup.call)
			hangup.call(hangup.arg);
	}
}

static int sleep_ms(void)
{
	if (heap_size == 0)
		return -1;
	if (heap[1]->due <= now_ms)
		return 0;
	uint64_t wait = heap[1]->due - now_ms;
	return wait > 3600 * 1000 ? 3600 * 1000 : (int)wait;
}

static void run_timers(void)
{
	while (heap_size > 0 && heap[1]->due <= now_ms) {
		struct loop_timer *timer = heap[1];
		loop_timer_clear(timer);
		timer->expired(timer->arg);
	}
}

static void run_batch(void)
{
	for (batch_next = 0; batch_next < batch_size;) {
		struct epoll_event *event = &batch[batch_next++];
		struct loop_watch *watch = event->data.ptr;
		if (watch)
			watch->ready(watch->arg, event->events);
	}
	batch_size = batch_next = 0;
}

static void run_after(void)
{
	for (size_t i = 0; i < after_count; i++)
		after[i].call(after[i].arg);
}

void loop_run(void)
{
	running = true;
	run_after();
	while (running) {
		read_clocks();
		batch_size = epoll_wait(epoll_fd, batch, BATCH, sleep_ms());
		read_clocks();
		if (batch_size < 0) {
			CHECK(errno == EINTR);
			batch_size = 0;
		}
		run_batch();
		run_timers();
		run_after();
	}
}

void loop_stop(void)
{
	running = false;
}
