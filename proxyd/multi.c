#include "multi.h"

#include <stdlib.h>
#include <sys/epoll.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"

struct socket_watch {
	struct loop_watch watch;
	struct socket_watch *next; /* while it is idle */
};

static CURLM *multi;
static struct loop_timer wakeup;
static bool overdue; /* libcurl wants to be called without delay */
static struct socket_watch *idle_watches;

static void act(curl_socket_t socket, int what)
{
	int running;
	CURLMcode code = curl_multi_socket_action(multi, socket, what, &running);
	if (code != CURLM_OK)
		log_error("libcurl-failed", "reason=%s", log_text(curl_multi_strerror(code)));
}

/* Errors and hang-ups show when libcurl reads or writes. */
static void socket_ready(void *arg, uint32_t events)
{
	struct loop_watch *watch = arg;
	int what = 0;
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		what |= CURL_CSELECT_IN;
	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		what |= CURL_CSELECT_OUT;
	act(watch->fd, what);
}

static void unwatch(curl_socket_t socket, struct socket_watch *entry)
{
	if (!entry)
		return;
	loop_unwatch(&entry->watch);
	entry->next = idle_watches;
	idle_watches = entry;
	curl_multi_assign(multi, socket, NULL);
}

static int watch(curl_socket_t socket, uint32_t events)
{
	struct socket_watch *entry = idle_watches;
	if (entry)
		idle_watches = entry->next;
	else if (!(entry = malloc(sizeof(*entry))))
		return -1;
	entry->watch = (struct loop_watch){.fd = socket, .ready = socket_ready, .arg = &entry->watch};
	curl_multi_assign(multi, socket, entry);
	return loop_watch(&entry->watch, events);
}

static int socket_changed(CURL *easy, curl_socket_t socket, int what, void *arg, void *assigned)
{
	struct socket_watch *entry = assigned;
	uint32_t events = what == CURL_POLL_IN ? EPOLLIN : what == CURL_POLL_OUT ? EPOLLOUT : EPOLLIN | EPOLLOUT;
	(void)easy;
	(void)arg;
	if (what == CURL_POLL_REMOVE) {
		unwatch(socket, entry);
		return 0;
	}
	if (!entry)
		return watch(socket, events);
	loop_rewatch(&entry->watch, events);
	return 0;
}

static int timer_changed(CURLM *of, long after_ms, void *arg)
{
	(void)of;
	(void)arg;
	overdue = after_ms == 0;
	if (after_ms > 0)
		loop_timer_set(&wakeup, (uint64_t)after_ms);
	else
		loop_timer_clear(&wakeup);
	return 0;
}

static void wake_up(void *arg)
{
	(void)arg;
	overdue = true;
}

CURLM *multi_open(void)
{
	multi = curl_multi_init();
	if (!multi)
		return NULL;
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer_changed);
	wakeup.expired = wake_up;
	return multi;
}

void multi_run(void)
{
	if (!overdue)
		return;
	overdue = false;
	act(CURL_SOCKET_TIMEOUT, 0);
}

void multi_rest(void)
{
	if (overdue)
		loop_timer_set(&wakeup, 0);
}

void multi_close(void)
{
	curl_multi_cleanup(multi);
	while (idle_watches) {
		struct socket_watch *entry = idle_watches;
		idle_watches = entry->next;
		free(entry);
	}
}
