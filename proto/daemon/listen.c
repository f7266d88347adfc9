#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

enum {
	BACKLOG = 1024,
	KEEPALIVE_IDLE_S = 30, /* a client whose machine is gone is noticed after a minute */
	KEEPALIVE_STEP_S = 10,
	KEEPALIVE_COUNT = 3
};

static socklen_t parse_address(const char *text, int64_t port, struct sockaddr_storage *parsed)
{
	struct sockaddr_in *four = (struct sockaddr_in *)parsed;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)parsed;
	memset(parsed, 0, sizeof(*parsed));
	four->sin_port = htons((uint16_t)port);
	parsed->ss_family = AF_INET;
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1)
		return sizeof(*four);
	parsed->ss_family = AF_INET6;
	if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1)
		return sizeof(*six);
	fatal_usage("HEIMGATE_ADDRESS is \"%s\": it must be an IPv4 or IPv6 address", text);
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

int listen_tcp(const char *address, int64_t port)
{
	struct sockaddr_storage parsed;
	socklen_t size = parse_address(address, port, &parsed);
	int fd = socket(parsed.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fatal("cannot make a socket");
	set_options(fd);
	if (bind(fd, (const struct sockaddr *)&parsed, size) < 0 || listen(fd, BACKLOG) < 0) {
		if (errno == EADDRINUSE)
			fatalx("%s port %" PRId64 " is taken: stop whatever listens there, or set HEIMGATE_PORT to another port",
			       address, port);
		fatal("cannot listen on %s port %" PRId64, address, port);
	}
	log_info("listening", "address=%s port=%u", address, port_of(fd));
	return fd;
}

/* --- from one process to another --- */

/* Room for one descriptor. */
union rights {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int listen_give(int unix_fd, int listening)
{
	char byte = 'L';
	struct iovec part = {&byte, sizeof(byte)};
	union rights rights = {.bytes = {0}};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = rights.bytes, .msg_controllen = CMSG_LEN(sizeof(int))};
	rights.header.cmsg_level = SOL_SOCKET;
	rights.header.cmsg_type = SCM_RIGHTS;
	rights.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&rights.header), &listening, sizeof(int));
	return sendmsg(unix_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 ? 0 : -1;
}

static bool has_option(int fd, int name, int value)
{
	int found = 0;
	socklen_t size = sizeof(found);
	return getsockopt(fd, SOL_SOCKET, name, &found, &size) == 0 && found == value;
}

static bool is_listening_tcp(int fd)
{
	return has_option(fd, SO_ACCEPTCONN, 1) && has_option(fd, SO_TYPE, SOCK_STREAM) &&
	       (has_option(fd, SO_DOMAIN, AF_INET) || has_option(fd, SO_DOMAIN, AF_INET6));
}

int listen_take(int unix_fd)
{
	char byte;
	int fd = -1;
	struct iovec part = {&byte, sizeof(byte)};
	union rights rights;
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = rights.bytes, .msg_controllen = CMSG_LEN(sizeof(int))};
	ssize_t length = recvmsg(unix_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (length < 0)
		return -1;
	errno = length == 0 ? ECONNRESET : EPROTO;
	const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int)))
		return -1;
	memcpy(&fd, CMSG_DATA(header), sizeof(int));
	if (is_listening_tcp(fd) && fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
		return fd;
	close(fd);
	errno = EPROTO;
	return -1;
}
