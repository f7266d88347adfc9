#include "connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../proto/daemon/log.h"
#include "../../proto/daemon/loop.h"
#include "events.h"
#include "route.h"

enum {
	READ_SIZE = 64 * 1024,
	SLOW_READ_SIZE = 1024,
	SLOW_READ_MS = 20,
	OUT_MAX = 64 * 1024 /* a stream without a rate pauses when so much waits to be sent */
};

enum phase { IDLE, HEAD, BODY, WAITING, ANSWERING };

static const char *const phase_names[] = {"idle", "head", "body", "waiting", "answering"};

struct connection {
	struct loop_watch watch;
	uint32_t watched;
	struct loop_timer timer;   /* the next step in time: what it is depends on the phase */
	struct connection *buried; /* next one to be freed */
	struct connection *beside; /* next one that is held */
	uint64_t number;
	uint64_t request;
	enum phase phase;
	bool unseen;    /* asks for events: none of its own are noted */
	bool slow;      /* reads slowly */
	enum next next; /* once `out` is sent */
	struct bytes in, head;
	size_t sent;    /* of exchange.out */
	uint64_t begun; /* loop_now() when the first step was made */
	uint64_t steps;
	struct exchange exchange;
};

static const struct options *options;
static const struct shape *shape;
static struct loop_watch listener;
static struct connection *graveyard, *held;
static uint64_t connections, requests;

/* Frees what ended in this batch of events: until its end somebody may still hold a pointer. */
static void empty_graveyard(void *arg)
{
	(void)arg;
	while (graveyard) {
		struct connection *c = graveyard;
		graveyard = c->buried;
		answer_free(&c->exchange);
		bytes_free(&c->in);
		bytes_free(&c->head);
		free(c);
	}
}

static void note(const struct connection *c, const char *event)
{
	if (!c->unseen)
		events_note(event, c->number, c->phase >= BODY ? c->request : 0, phase_names[c->phase]);
}

static void let_go(const struct connection *c)
{
	struct connection **at = &held;
	while (*at && *at != c)
		at = &(*at)->beside;
	if (*at)
		*at = c->beside;
}

unsigned connection_go_on(void)
{
	unsigned count = 0;
	for (; held; count++) {
		loop_timer_set(&held->timer, 0);
		held = held->beside;
	}
	return count;
}

static void end(struct connection *c, const char *event)
{
	if (c->watch.fd < 0)
		return;
	note(c, event);
	let_go(c);
	loop_unwatch(&c->watch);
	loop_timer_clear(&c->timer);
	close(c->watch.fd);
	c->watch.fd = -1;
	c->buried = graveyard;
	graveyard = c;
}

static void reset(struct connection *c)
{
	const struct linger at_once = {.l_onoff = 1};
	setsockopt(c->watch.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	end(c, "reset");
}

static void rewatch(struct connection *c)
{
	uint32_t wanted = EPOLLRDHUP;
	if (!c->slow)
		wanted |= EPOLLIN;
	if (c->exchange.out.length > c->sent)
		wanted |= EPOLLOUT;
	if (c->watch.fd < 0 || wanted == c->watched)
		return;
	c->watched = wanted;
	loop_rewatch(&c->watch, wanted);
}

/* Bytes to hand to the kernel at once: the faults that cut writes cut here. */
static size_t portion(const struct connection *c)
{
	const struct exchange *x = &c->exchange;
	const char *data = x->out.data + c->sent;
	size_t left = x->out.length - c->sent, count = 1;
	if (behaviour_has(&x->behaviour, FAULT(ONE_BYTE)))
		return 1;
	if (!behaviour_has(&x->behaviour, FAULT(SPLIT_UTF8)))
		return left;
	while (count < left && ((unsigned char)data[count] & 0xc0) != 0x80)
		count++;
	return count;
}

static void next_request(struct connection *c)
{
	note(c, "answered");
	if (!c->exchange.request.keep_alive) {
		end(c, "closed");
		return;
	}
	answer_reset(&c->exchange);
	c->phase = IDLE;
	c->slow = false;
	c->steps = 0;
	if (c->in.length > 0)
		loop_timer_set(&c->timer, 0);
}

/* When step number `steps` is due, counted from the first one so that delays do not add up. */
static uint64_t delay(const struct connection *c)
{
	uint32_t rate = c->exchange.behaviour.rate;
	uint64_t due = rate > 0 ? c->begun + c->steps * 1000 / rate : 0;
	return due > loop_now() ? due - loop_now() : 0;
}

static void all_sent(struct connection *c)
{
	bytes_clear(&c->exchange.out);
	c->sent = 0;
	switch (c->next) {
	case NEXT_MORE:
		loop_timer_set(&c->timer, delay(c));
		break;
	case NEXT_DONE:
		next_request(c);
		break;
	case NEXT_HOLD:
		c->beside = held;
		held = c;
		break;
	case NEXT_HANG:
		break;
	case NEXT_CLOSE:
		end(c, "closed");
		break;
	case NEXT_RESET:
		reset(c);
		break;
	}
}

static void push(struct connection *c)
{
	struct bytes *out = &c->exchange.out;
	if (c->sent < out->length) {
		ssize_t n = send(c->watch.fd, out->data + c->sent, portion(c), MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN) {
			end(c, "peer-closed");
			return;
		}
		c->sent += n > 0 ? (size_t)n : 0;
	}
	if (c->sent == out->length)
		all_sent(c);
	rewatch(c);
}

/* Writes as much of the answer as is due, and sends it. */
static void step(struct connection *c)
{
	if (c->steps == 0)
		c->begun = loop_now();
	c->phase = ANSWERING;
	do {
		c->next = route_step(&c->exchange);
		c->steps++;
	} while (c->next == NEXT_MORE && delay(c) == 0 && c->exchange.out.length < OUT_MAX);
	push(c);
}

static void request_complete(struct connection *c)
{
	struct exchange *x = &c->exchange;
	answer_prepare(x);
	c->phase = WAITING;
	if (!c->unseen)
		events_note_request(x, c->number, c->request, &c->head);
	if (options->verbose)
		log_info("request", "method=%s path=%s model=%s bytes=%zu", x->request.method, log_text(x->request.path),
		         log_text(x->model), x->body.length);
	if (x->behaviour.slow_ms > 0)
		loop_timer_set(&c->timer, x->behaviour.slow_ms);
	else
		step(c);
}

static bool take_head(struct connection *c)
{
	long length = request_read(&c->exchange.request, c->in.data, c->in.length);
	if (length < 0) {
		end(c, "closed");
		return false;
	}
	if (length == 0)
		return false;
	bytes_clear(&c->head);
	bytes_put(&c->head, c->in.data, (size_t)length);
	bytes_drop(&c->in, (size_t)length);
	c->request = ++requests;
	c->phase = BODY;
	c->unseen = strncmp(c->exchange.request.path, "/mock/", 6) == 0;
	note(c, "head");
	if (c->exchange.request.expects_continue && c->in.length == 0)
		(void)!write(c->watch.fd, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	return true;
}

/* The model's name stands near the front of a body, so this fault is known before the body is there. */
static bool wants_slow_reading(const struct connection *c)
{
	return strstr(c->exchange.request.behaviour, "fault-slow-reader") ||
	       (c->exchange.body.length > 0 && strstr(c->exchange.body.data, "fault-slow-reader"));
}

static void take_body(struct connection *c)
{
	int result = request_take_body(&c->exchange.request, &c->in, &c->exchange.body);
	if (result < 0) {
		end(c, "closed");
	} else if (result > 0) {
		c->slow = false;
		rewatch(c);
		request_complete(c);
	} else if (wants_slow_reading(c)) {
		c->slow = true;
		rewatch(c);
		loop_timer_set(&c->timer, SLOW_READ_MS);
	}
}

static void parse(struct connection *c)
{
	if (c->phase == IDLE)
		c->phase = HEAD;
	if (c->phase == HEAD && !take_head(c))
		return;
	if (c->phase == BODY)
		take_body(c);
}

static void receive(struct connection *c)
{
	size_t size = c->slow ? SLOW_READ_SIZE : READ_SIZE;
	ssize_t n = recv(c->watch.fd, bytes_room(&c->in, size), size, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		end(c, "peer-closed");
		return;
	}
	c->in.length += (size_t)n;
	c->in.data[c->in.length] = '\0';
	if (c->phase <= BODY)
		parse(c);
}

static void ready(void *arg, uint32_t events)
{
	struct connection *c = arg;
	if ((events & (EPOLLERR | EPOLLHUP)) || (c->slow && (events & EPOLLRDHUP)))
		end(c, "peer-closed");
	else if (events & (EPOLLIN | EPOLLRDHUP))
		receive(c);
	if (c->watch.fd >= 0 && (events & EPOLLOUT))
		push(c);
}

static void timer_expired(void *arg)
{
	struct connection *c = arg;
	if (c->phase >= WAITING)
		step(c);
	else if (c->slow)
		receive(c);
	else
		parse(c);
}

static void accept_one(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
	int fd = accept4(listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	const int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	struct connection *c = calloc(1, sizeof(*c));
	CHECK(c != NULL);
	c->watch = (struct loop_watch){fd, ready, c};
	c->timer.expired = timer_expired;
	c->timer.arg = c;
	c->number = ++connections;
	c->exchange.options = options;
	c->exchange.shape = shape;
	c->watched = EPOLLIN | EPOLLRDHUP;
	if (loop_watch(&c->watch, c->watched) < 0) {
		close(fd);
		free(c);
		return;
	}
}

unsigned connection_listen(const struct options *wanted)
{
	options = wanted;
	shape = shape_find(options->shape);
	if (!shape)
		fatal_usage("--shape: \"%s\" is none of ollama, vllm, llamacpp, openai", options->shape);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options->port)};
	socklen_t size = sizeof(address);
	const int on = 1;
	if (inet_pton(AF_INET, options->address, &address.sin_addr) != 1)
		fatal_usage("--address: \"%s\" is no IPv4 address", options->address);
	listener = (struct loop_watch){socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), accept_one, NULL};
	setsockopt(listener.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (listener.fd < 0 || bind(listener.fd, (struct sockaddr *)&address, size) < 0 || listen(listener.fd, 4096) < 0)
		fatal("cannot listen on %s:%u", options->address, options->port);
	if (getsockname(listener.fd, (struct sockaddr *)&address, &size) < 0 || loop_watch(&listener, EPOLLIN) < 0)
		fatal("cannot watch the listener");
	loop_after_batch(empty_graveyard, NULL);
	return ntohs(address.sin_port);
}
