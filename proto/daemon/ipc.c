#include "ipc_private.h"

#include <errno.h>
#include <nng/protocol/pair0/pair.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"

enum { RECONNECT_MIN_MS = 5, RECONNECT_MAX_MS = 100, FAULT_LOG_MS = 1000 };

pthread_mutex_t ipc_lock = PTHREAD_MUTEX_INITIALIZER;
static bool woken; /* under the lock: the loop has been told already */
static struct ipc_link links[LINK_COUNT];
static struct ipc_link *opened[LINK_COUNT];
static size_t opened_count;

static void wake_ready(void *arg, uint32_t events);
static struct loop_watch waker = {-1, wake_ready, NULL};

static void check_nng(int result, const char *what, const struct ipc_link *link)
{
	const char *name = wire_link_info(link->which)->name;
	if (result == NNG_EADDRINUSE)
		fatalx("%s is in use: is another suite running in this run directory?", name);
	if (result != 0)
		fatalx("cannot %s %s: %s", what, name, nng_strerror(result));
}

/* Called with the lock held. */
static void wake_loop(void)
{
	static const uint64_t one = 1;
	if (woken)
		return;
	woken = true;
	CHECK(write(waker.fd, &one, sizeof(one)) == sizeof(one));
}

/* --- in nng's threads --- */

static uint32_t pipe_of(nng_msg *message)
{
	return (uint32_t)nng_pipe_id(nng_msg_get_pipe(message));
}

/* Called with the lock held.  A message may overtake the news that its pipe was attached, or come after
 * the news that it was detached. */
static void put_in_inbox(struct ipc_link *link, nng_msg *message)
{
	uint32_t pipe = pipe_of(message);
	if (pipe != link->shared.gone)
		link->shared.pipe = pipe;
	link->shared.inbox[link->shared.count++] = message;
}

static void received(void *arg)
{
	struct ipc_link *link = arg;
	int result = nng_aio_result(link->receive);
	if (result == NNG_ECLOSED || result == NNG_ECANCELED)
		return;
	pthread_mutex_lock(&ipc_lock);
	if (result == 0)
		put_in_inbox(link, nng_aio_get_msg(link->receive));
	bool again = link->shared.count < INBOX;
	link->shared.receiving = again;
	wake_loop();
	pthread_mutex_unlock(&ipc_lock);
	if (again)
		nng_recv_aio(link->socket, link->receive);
}

static void transmitted(void *arg)
{
	struct ipc_link *link = arg;
	if (nng_aio_result(link->transmit) != 0)
		nng_msg_free(nng_aio_get_msg(link->transmit));
	pthread_mutex_lock(&ipc_lock);
	link->shared.sending = false;
	if (link->shared.wants_to_send)
		wake_loop();
	pthread_mutex_unlock(&ipc_lock);
}

static void pipe_changed(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
	struct ipc_link *link = arg;
	uint32_t id = (uint32_t)nng_pipe_id(pipe);
	pthread_mutex_lock(&ipc_lock);
	if (event == NNG_PIPE_EV_ADD_POST && id != link->shared.gone)
		link->shared.pipe = id;
	if (event == NNG_PIPE_EV_REM_POST)
		link->shared.gone = id;
	if (event == NNG_PIPE_EV_REM_POST && link->shared.pipe == id)
		link->shared.pipe = 0;
	wake_loop();
	pthread_mutex_unlock(&ipc_lock);
}

/* --- in the loop --- */

static void log_fault(struct ipc_link *link, const char *event, uint16_t type, const char *text)
{
	link->faults++;
	if (loop_now() - link->fault_logged < FAULT_LOG_MS)
		return;
	log_warn(event, "link=%s type=%s number=%u reason=%s count=%u", wire_link_info(link->which)->name,
	         wire_type_name(type), type, log_text(text), link->faults);
	link->fault_logged = loop_now();
	link->faults = 0;
}

static void refuse(struct ipc_link *link, const struct wire_frame *frame, enum wire_error error)
{
	struct fault fault = {.error = error, .type = frame->type};
	const char *text = wire_error_text(error);
	log_fault(link, "frame-refused", frame->type, text);
	if (frame->type == MSG_FAULT)
		return;
	snprintf(fault.text, sizeof(fault.text), "%s", text);
	struct wire_out *out = ipc_begin(link, MSG_FAULT, 0, frame->id);
	if (!out)
		return;
	fault_encode(out, &fault);
	ipc_end(link);
}

static void note_fault(struct ipc_link *link, const struct wire_frame *frame)
{
	struct fault fault;
	struct wire_in in;
	wire_in_init(&in, frame->body, frame->length);
	if (fault_decode(&in, &fault) == WIRE_OK)
		log_fault(link, "frame-refused-by-peer", fault.type, fault.text);
}

static void dispatch(struct ipc_link *link, const struct wire_frame *frame, enum wire_error error)
{
	if (error == WIRE_OK && !wire_may_send(link->peer, link->me, frame->type))
		error = WIRE_BAD_SENDER;
	if (error == WIRE_OK && frame->type == MSG_FAULT)
		note_fault(link, frame);
	if (error == WIRE_OK)
		error = link->events->frame(link->arg, frame);
	if (error != WIRE_OK)
		refuse(link, frame, error);
}

static void take_message(struct ipc_link *link, nng_msg *message)
{
	struct wire_in in;
	wire_in_init(&in, nng_msg_body(message), nng_msg_len(message));
	while (in.error == WIRE_OK && in.offset < in.length) {
		struct wire_frame frame;
		enum wire_error error = wire_next_frame(&in, &frame);
		dispatch(link, &frame, error);
	}
}

static void set_pipe(struct ipc_link *link, uint32_t pipe)
{
	if (pipe == link->pipe)
		return;
	const char *name = wire_link_info(link->which)->name;
	if (link->pipe != 0) {
		log_info("link-down", "link=%s", name);
		link->pipe = 0;
		link->queue_length = 0;
		nng_aio_cancel(link->transmit);
		if (link->events->down)
			link->events->down(link->arg);
	}
	if (pipe != 0) {
		log_debug("link-up", "link=%s", name);
		link->pipe = pipe;
		if (link->events->up)
			link->events->up(link->arg);
	}
}

static void drain(struct ipc_link *link)
{
	nng_msg *messages[INBOX];
	pthread_mutex_lock(&ipc_lock);
	size_t count = link->shared.count;
	uint32_t pipe = link->shared.pipe, gone = link->shared.gone;
	bool receive = !link->shared.receiving;
	memcpy(messages, link->shared.inbox, count * sizeof(*messages));
	link->shared.count = 0;
	link->shared.receiving = true;
	pthread_mutex_unlock(&ipc_lock);
	for (size_t i = 0; i < count; i++) {
		uint32_t from = pipe_of(messages[i]);
		if (from != gone)
			set_pipe(link, from);
		if (from == link->pipe)
			take_message(link, messages[i]);
		nng_msg_free(messages[i]);
	}
	set_pipe(link, pipe);
	if (receive)
		nng_recv_aio(link->socket, link->receive);
}

static void wake_ready(void *arg, uint32_t events)
{
	uint64_t count;
	(void)arg;
	(void)events;
	pthread_mutex_lock(&ipc_lock);
	woken = false;
	CHECK(read(waker.fd, &count, sizeof(count)) == sizeof(count));
	pthread_mutex_unlock(&ipc_lock);
	for (size_t i = 0; i < opened_count; i++)
		drain(opened[i]);
}

static void flush_all(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < opened_count; i++)
		if (opened[i]->queue_length > 0)
			ipc_flush(opened[i]);
}

bool ipc_is_up(const struct ipc_link *link)
{
	return link->pipe != 0;
}

unsigned ipc_missing(void)
{
	unsigned missing = 0;
	for (size_t i = 0; i < opened_count; i++)
		missing += opened[i]->me == wire_link_info(opened[i]->which)->dialer && opened[i]->pipe == 0;
	return missing;
}

void ipc_enter(const char *run_directory)
{
	if (mkdir(run_directory, 0755) < 0 && errno != EEXIST)
		fatal("cannot make the run directory %s", run_directory);
	if (chdir(run_directory) < 0)
		fatal("cannot enter the run directory %s", run_directory);
}

void ipc_make_directory(enum wire_link which)
{
	const char *directory = wire_link_info(which)->name;
	if (mkdir(directory, 0750) < 0 && errno != EEXIST)
		fatal("cannot make the directory of link %s", directory);
}

static void start_listener(struct ipc_link *link, const char *address)
{
	nng_listener listener;
	ipc_make_directory(link->which);
	check_nng(nng_listener_create(&listener, link->socket, address), "listen on", link);
	check_nng(nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, 0660), "protect", link);
	check_nng(nng_listener_start(listener, 0), "listen on", link);
}

static void start_dialer(struct ipc_link *link, const char *address)
{
	nng_dialer dialer;
	check_nng(nng_dialer_create(&dialer, link->socket, address), "dial", link);
	check_nng(nng_dialer_set_ms(dialer, NNG_OPT_RECONNMINT, RECONNECT_MIN_MS), "set up", link);
	check_nng(nng_dialer_set_ms(dialer, NNG_OPT_RECONNMAXT, RECONNECT_MAX_MS), "set up", link);
	check_nng(nng_dialer_start(dialer, NNG_FLAG_NONBLOCK), "dial", link);
}

static void start(struct ipc_link *link)
{
	char address[64];
	const struct wire_link_info *info = wire_link_info(link->which);
	snprintf(address, sizeof(address), "ipc://%s/link", info->name);
	check_nng(nng_socket_set_size(link->socket, NNG_OPT_RECVMAXSZ, WIRE_MESSAGE_MAX), "bound", link);
	check_nng(nng_aio_alloc(&link->receive, received, link), "prepare", link);
	check_nng(nng_aio_alloc(&link->transmit, transmitted, link), "prepare", link);
	opened[opened_count++] = link;
	link->shared.receiving = true;
	if (link->me == info->listener)
		start_listener(link, address);
	else
		start_dialer(link, address);
	nng_recv_aio(link->socket, link->receive);
}

/* The link's slot, with the waker made when it is the first. */
static struct ipc_link *prepare(enum wire_link which, enum wire_role me)
{
	const struct wire_link_info *info = wire_link_info(which);
	struct ipc_link *link = &links[which];
	CHECK(me == info->dialer || me == info->listener);
	if (waker.fd < 0) {
		waker.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (waker.fd < 0 || loop_watch(&waker, EPOLLIN) < 0)
			fatal("cannot make the links' wake-up descriptor");
		loop_after_batch(flush_all, NULL);
	}
	link->which = which;
	link->me = me;
	link->peer = me == info->dialer ? info->listener : info->dialer;
	return link;
}

struct ipc_link *ipc_open(enum wire_link which, enum wire_role me, const struct ipc_events *events, void *arg)
{
	struct ipc_link *link = prepare(which, me);
	link->events = events;
	link->arg = arg;
	check_nng(nng_pair0_open(&link->socket), "open", link);
	check_nng(nng_pipe_notify(link->socket, NNG_PIPE_EV_ADD_POST, pipe_changed, link), "watch", link);
	check_nng(nng_pipe_notify(link->socket, NNG_PIPE_EV_REM_POST, pipe_changed, link), "watch", link);
	start(link);
	return link;
}

void ipc_close(void)
{
	flush_all(NULL);
	for (size_t i = 0; i < opened_count; i++) {
		struct ipc_link *link = opened[i];
		nng_close(link->socket);
		nng_aio_stop(link->transmit);
		nng_aio_stop(link->receive);
		nng_aio_free(link->transmit);
		nng_aio_free(link->receive);
		for (size_t m = 0; m < link->shared.count; m++)
			nng_msg_free(link->shared.inbox[m]);
		free(link->queue);
	}
	ipc_ctl_close();
	nng_fini();
}
