#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../proto/daemon/listen.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "conn.h"
#include "door.h"
#include "peers.h"
#include "reply.h"

enum {
	ACCEPT_MAX = 64, /* connections taken per turn, so that those there are served in between */
	PAUSE_MS = 100,  /* when the system has no room for a connection */
	WARN_MS = 1000
};

static const struct conf_edge *conf;
static void listener_ready(void *arg, uint32_t events);
static void resume(void *arg);
static struct loop_watch listener = {-1, listener_ready, NULL};
static struct loop_timer pause_timer = {.expired = resume};
static int reserve = -1; /* given up to take, and turn away, a connection when no descriptor is left */

static struct {
	unsigned count;
	uint64_t quiet_until; /* loop_now() */
} turned_away;

/* --- opening --- */

static void take_socket(int fd)
{
	listener.fd = fd;
	reserve = fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static void drop_socket(void)
{
	if (listener.fd < 0)
		return;
	loop_timer_clear(&pause_timer);
	loop_unwatch(&listener);
	close(listener.fd);
	close(reserve);
	listener.fd = reserve = -1;
}

static void watch_socket(void)
{
	if (loop_watch(&listener, EPOLLIN) < 0)
		fatal("cannot watch the listening socket");
}

static void door_opened(int fd)
{
	drop_socket();
	take_socket(fd);
	watch_socket();
}

void listener_open(const struct conf_edge *edge_conf)
{
	conf = edge_conf;
	take_socket(*conf->door ? door_open(conf_path(conf->run, conf->door)) : listen_tcp(conf->address, conf->port));
}

/* --- accepting --- */

static void log_turned_away(const char *reason, const char *client)
{
	turned_away.count++;
	if (loop_now() < turned_away.quiet_until)
		return;
	log_warn("turned-away", "reason=%s client=%s count=%u", log_text(reason), client, turned_away.count);
	turned_away.count = 0;
	turned_away.quiet_until = loop_now() + WARN_MS;
}

/* One try without waiting.  What the client has sent already is taken, else it would see a reset, not the answer. */
static void turn_away(int fd, const char *reason, const char *client)
{
	char text[REPLY_MAX], unread[4096];
	struct refusal refusal;
	struct reply reply = {.close = true, .content_type = "", .headers = "", .wall_ms = loop_wall()};
	randombytes_buf(reply.request_id, sizeof(reply.request_id));
	refusal_overloaded(&refusal, reason);
	size_t length = reply_refusal(&reply, &refusal, false, text, sizeof(text));
	(void)send(fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)recv(fd, unread, sizeof(unread), MSG_DONTWAIT);
	sodium_memzero(unread, sizeof(unread)); /* it may hold a credential */
	close(fd);
	log_turned_away(reason, client);
}

static void admit(int fd, const struct sockaddr_storage *address)
{
	char client[INET6_ADDRSTRLEN];
	peers_print(address, client, sizeof(client));
	if (conn_count() >= (unsigned)conf->connections) {
		turn_away(fd, "there are too many connections", client);
		return;
	}
	struct peer *peer = peers_add(address, (unsigned)conf->per_address);
	if (!peer) {
		turn_away(fd, "there are too many connections from this address", client);
		return;
	}
	if (conn_add(fd, peer, client) == 0)
		return;
	peers_remove(peer);
	turn_away(fd, "there is no room for a connection", client);
}

static void resume(void *arg)
{
	(void)arg;
	loop_rewatch(&listener, EPOLLIN);
}

/* Connections that cannot be taken would stay in the backlog and wake the loop without end. */
static void relieve(void)
{
	int fd = 0;
	close(reserve);
	for (unsigned i = 0; i < ACCEPT_MAX && fd >= 0; i++) {
		fd = accept4(listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			turn_away(fd, "there is no descriptor for a connection", "unknown");
	}
	reserve = fcntl(listener.fd, F_DUPFD_CLOEXEC, 0);
	loop_rewatch(&listener, 0);
	loop_timer_set(&pause_timer, PAUSE_MS);
}

static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void listener_ready(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
	for (unsigned i = 0; i < ACCEPT_MAX; i++) {
		struct sockaddr_storage address;
		socklen_t size = sizeof(address);
		int fd = accept4(listener.fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			admit(fd, &address);
			continue;
		}
		if (errno == ECONNABORTED)
			continue;
		if (is_shortage(errno))
			relieve();
		return;
	}
}

void listener_start(void)
{
	watch_socket();
	if (*conf->door)
		door_watch(drop_socket, door_opened);
}

void listener_stop(void)
{
	if (*conf->door)
		door_leave();
	drop_socket();
}
