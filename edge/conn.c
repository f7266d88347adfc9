#include "conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../proto/daemon/loop.h"
#include "../proto/wire/msg_stream.h"
#include "buffer.h"
#include "exchange.h"

enum {
	LINGER_MS = 2000, /* for a client to read an answer that came before it had sent everything */
	DISCARD_SIZE = 16 * 1024
};

enum conn_state {
	CONN_OPEN,
	CONN_LINGERING /* our side is closed; what still comes is dropped */
};

struct conn {
	struct loop_watch watch;
	struct loop_timer deadline; /* of the exchange, of idling, of lingering */
	struct loop_timer stall;    /* of a client that does not take its answer */
	enum conn_state state;
	uint32_t events; /* watched for */
	bool queued;     /* to be settled at the end of the batch */
	const char *end; /* how it ended, once it has */
	struct buffer in, out;
	struct exchange *exchange; /* NULL: idle */
	struct peer *peer;
	STAILQ_ENTRY(conn) unsettled;
	LIST_ENTRY(conn) all;
	char client[CLIENT_ADDRESS_MAX + 1];
};

static const struct conf_edge *conf;
static LIST_HEAD(conn_list, conn) conns = LIST_HEAD_INITIALIZER(conns);
static STAILQ_HEAD(conn_queue, conn) queue = STAILQ_HEAD_INITIALIZER(queue);
static unsigned count;
static bool winding_down;

void conn_settle(struct conn *conn)
{
	if (conn->queued)
		return;
	conn->queued = true;
	STAILQ_INSERT_TAIL(&queue, conn, unsettled);
}

static void finish(struct conn *conn, const char *how)
{
	if (!conn->end)
		conn->end = how;
	conn_settle(conn);
}

void conn_cut(struct conn *conn)
{
	finish(conn, "cut");
}

const char *conn_client(const struct conn *conn)
{
	return conn->client;
}

void conn_put(struct conn *conn, const char *bytes, size_t length)
{
	if (conn->end)
		return;
	if (buffer_put(&conn->out, bytes, length))
		conn_settle(conn);
	else
		conn_cut(conn);
}

size_t conn_unsent(const struct conn *conn)
{
	return buffer_length(&conn->out);
}

void conn_deadline(struct conn *conn, int64_t after_ms)
{
	if (after_ms > 0)
		loop_timer_set(&conn->deadline, (uint64_t)after_ms);
	else
		loop_timer_clear(&conn->deadline);
}

static size_t input_room(const struct conn *conn)
{
	return (size_t)conf->header_max - buffer_length(&conn->in);
}

static void watch_what_matters(struct conn *conn)
{
	uint32_t events = EPOLLRDHUP;
	if (conn->state == CONN_LINGERING || input_room(conn) > 0)
		events |= EPOLLIN;
	if (conn_unsent(conn) > 0)
		events |= EPOLLOUT;
	if (events != conn->events)
		loop_rewatch(&conn->watch, events);
	conn->events = events;
}

/* Lets the exchange take what has arrived; begins the next one when there are bytes for it. */
static void digest(struct conn *conn)
{
	size_t used = 1;
	while (used > 0 && buffer_length(&conn->in) > 0) {
		if (!conn->exchange)
			conn->exchange = exchange_new(conn);
		if (!conn->exchange) {
			conn_cut(conn);
			break;
		}
		used = exchange_feed(conn->exchange, conn->in.data + conn->in.start, buffer_length(&conn->in));
		buffer_take(&conn->in, used);
	}
	if (buffer_length(&conn->in) == 0)
		buffer_free(&conn->in);
}

static void receive(struct conn *conn)
{
	size_t room = input_room(conn);
	char *bytes = buffer_room(&conn->in, room);
	ssize_t got = bytes ? recv(conn->watch.fd, bytes, room, 0) : -1;
	if (got > 0) {
		buffer_added(&conn->in, (size_t)got);
		digest(conn);
	} else if (got == 0 || errno != EAGAIN) {
		finish(conn, "gone");
	}
	watch_what_matters(conn);
}

static void discard(struct conn *conn)
{
	static char nowhere[DISCARD_SIZE];
	ssize_t got = recv(conn->watch.fd, nowhere, sizeof(nowhere), 0);
	if (got == 0 || (got < 0 && errno != EAGAIN))
		finish(conn, "closed");
	explicit_bzero(nowhere, got > 0 ? (size_t)got : 0); /* the rest of a head, or the next one, may hold a credential */
}

/* What the client did is settled at the end of the batch; its last words are heard before that. */
static void ready(void *arg, uint32_t events)
{
	struct conn *conn = arg;
	if ((events & EPOLLIN) && conn->state == CONN_OPEN)
		receive(conn);
	else if (events & EPOLLIN)
		discard(conn);
	if (events & EPOLLOUT)
		conn_settle(conn);
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		finish(conn, "gone");
}

static void deadline_expired(void *arg)
{
	struct conn *conn = arg;
	if (conn->exchange)
		exchange_expired(conn->exchange);
	else
		finish(conn, "idle");
}

static void stall_expired(void *arg)
{
	finish(arg, "stalled");
}

static void transmit(struct conn *conn)
{
	size_t length = conn_unsent(conn);
	if (length == 0)
		return;
	ssize_t sent = send(conn->watch.fd, buffer_bytes(&conn->out), length, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN) {
		buffer_free(&conn->out);
		finish(conn, "gone");
		return;
	}
	if (sent > 0) {
		buffer_take(&conn->out, (size_t)sent);
		exchange_sent(conn->exchange);
	}
	if (conn_unsent(conn) == 0) {
		loop_timer_clear(&conn->stall);
		buffer_free(&conn->out);
	} else if (sent > 0 || !loop_timer_armed(&conn->stall)) {
		loop_timer_set(&conn->stall, (uint64_t)conf->write_timeout);
	}
}

/* Closing at once would reset the connection under an answer that the client has not read yet. */
static void linger(struct conn *conn)
{
	shutdown(conn->watch.fd, SHUT_WR);
	conn->state = CONN_LINGERING;
	buffer_free(&conn->in);
	conn_deadline(conn, LINGER_MS);
}

static void end_exchange(struct conn *conn)
{
	bool keep_alive = exchange_keeps_alive(conn->exchange) && !winding_down;
	exchange_end(conn->exchange, "complete");
	conn->exchange = NULL;
	if (!keep_alive) {
		linger(conn);
		return;
	}
	conn_deadline(conn, conf->idle_timeout);
}

static void bury(struct conn *conn)
{
	if (conn->exchange)
		exchange_end(conn->exchange, conn->end);
	loop_timer_clear(&conn->deadline);
	loop_timer_clear(&conn->stall);
	loop_unwatch(&conn->watch);
	close(conn->watch.fd);
	peers_remove(conn->peer);
	buffer_free(&conn->in);
	buffer_free(&conn->out);
	LIST_REMOVE(conn, all);
	count--;
	free(conn);
}

static void settle(struct conn *conn)
{
	transmit(conn);
	if (!conn->end && conn->exchange && exchange_is_done(conn->exchange) && conn_unsent(conn) == 0)
		end_exchange(conn);
	if (!conn->end && conn->state == CONN_OPEN)
		digest(conn);
	if (!conn->end)
		watch_what_matters(conn);
	else if (!conn->queued)
		bury(conn);
}

static void settle_all(void *arg)
{
	struct conn *conn;
	(void)arg;
	while ((conn = STAILQ_FIRST(&queue)) != NULL) {
		STAILQ_REMOVE_HEAD(&queue, unsettled);
		conn->queued = false;
		settle(conn);
	}
}

void conn_init(const struct conf_edge *edge_conf)
{
	conf = edge_conf;
	loop_after_batch(settle_all, NULL);
}

int conn_add(int fd, struct peer *peer, const char *client)
{
	struct conn *conn = calloc(1, sizeof(*conn));
	if (!conn)
		return -1;
	conn->watch = (struct loop_watch){fd, ready, conn};
	conn->events = EPOLLIN | EPOLLRDHUP;
	if (loop_watch(&conn->watch, conn->events) < 0) {
		free(conn);
		return -1;
	}
	conn->peer = peer;
	conn->deadline = (struct loop_timer){.expired = deadline_expired, .arg = conn};
	conn->stall = (struct loop_timer){.expired = stall_expired, .arg = conn};
	snprintf(conn->client, sizeof(conn->client), "%s", client);
	conn_deadline(conn, conf->idle_timeout);
	LIST_INSERT_HEAD(&conns, conn, all);
	count++;
	return 0;
}

unsigned conn_count(void)
{
	return count;
}

void conn_wind_down(void)
{
	struct conn *conn;
	winding_down = true;
	LIST_FOREACH(conn, &conns, all)
	if (!conn->exchange)
		finish(conn, "idle");
}
