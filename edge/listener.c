#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "conn.h"
#include "peers.h"
#include "reply.h"

enum {
	BACKLOG = 1024,
	ACCEPT_MAX = 64, /* connections taken per turn, so that those there are served in between */
	PAUSE_MS = 100,  /* when the system has no room for a connection */
	WARN_MS = 1000,
	KEEPALIVE_IDLE_S = 30, /* a client whose machine is gone is noticed after a minute */
	KEEPALIVE_STEP_S = 10,
	KEEPALIVE_COUNT = 3
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

static socklen_t parse_address(struct sockaddr_storage *address)
{
	struct sockaddr_in *four = (struct sockaddr_in *)address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
	memset(address, 0, sizeof(*address));
	four->sin_port = htons((uint16_t)conf->port);
	address->ss_family = AF_INET;
	if (inet_pton(AF_INET, conf->address, &four->sin_addr) == 1)
		return sizeof(*four);
	address->ss_family = AF_INET6;
	if (inet_pton(AF_INET6, conf->address, &six->sin6_addr) == 1)
		return sizeof(*six);
	fatal_usage("HEIMGATE_ADDRESS is \"%s\": it must be an IPv4 or IPv6 address", conf->address);
}

/* Linux hands all of these on to the connections accepted. */
static void set_options(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{SOL_SOCKET, SO_REUSEADDR, 1},
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_NODELAY, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
		{IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_STEP_S},
		{IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT},
	};
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(options[i].value)) < 0)
			fatal("cannot set up the listening socket");
}

static void bind_or_die(int fd, const struct sockaddr_storage *address, socklen_t size)
{
	if (bind(fd, (const struct sockaddr *)address, size) == 0 && listen(fd, BACKLOG) == 0)
		return;
	if (errno == EADDRINUSE)
		fatalx("%s port %" PRId64 " is taken: stop whatever listens there, or set HEIMGATE_PORT to another port",
		       conf->address, conf->port);
	fatal("cannot listen on %s port %" PRId64, conf->address, conf->port);
}

static uint16_t port_of(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = {.any.sa_family = AF_UNSPEC};
	socklen_t size = sizeof(address);
	if (getsockname(fd, &address.any, &size) < 0)
		fatal("cannot tell the port");
	return ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

void listener_open(const struct conf_edge *edge_conf)
{
	struct sockaddr_storage address;
	conf = edge_conf;
	socklen_t size = parse_address(&address);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fatal("cannot make a socket");
	set_options(fd);
	bind_or_die(fd, &address, size);
	listener.fd = fd;
	reserve = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	log_info("listening", "address=%s port=%u", conf->address, port_of(fd));
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
	if (loop_watch(&listener, EPOLLIN) < 0)
		fatal("cannot watch the listening socket");
}

void listener_stop(void)
{
	loop_timer_clear(&pause_timer);
	loop_unwatch(&listener);
	close(listener.fd);
	close(reserve);
}
