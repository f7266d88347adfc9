#include <errno.h>
#include <limits.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/priv.h"

struct request {
	struct nlmsghdr header;
	struct rtmsg route;
};

struct answer {
	struct nlmsghdr header;
	struct nlmsgerr verdict;
};

/* Removes one default route of the family.  Returns 0, or a negative errno. */
static int remove_one(int fd, unsigned char family)
{
	struct request request = {
		.header = {.nlmsg_len = sizeof(request), .nlmsg_type = RTM_DELROUTE, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.route = {.rtm_family = family, .rtm_table = RT_TABLE_MAIN, .rtm_scope = RT_SCOPE_NOWHERE},
	};
	struct answer answer;
	if (send(fd, &request, sizeof(request), 0) < 0)
		return -errno;
	ssize_t length = recv(fd, &answer, sizeof(answer), 0);
	if (length < 0)
		return -errno;
	if ((size_t)length < sizeof(answer) || answer.header.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return answer.verdict.error;
}

/* There is no such route, or none of this family, which some kernels are built without. */
static bool means_none(int error)
{
	return error == -ESRCH || error == -ENOENT || error == -EOPNOTSUPP;
}

static void remove_default_routes(int fd, unsigned char family)
{
	int error;
	while ((error = remove_one(fd, family)) == 0)
		continue;
	if (!means_none(error)) {
		errno = -error;
		fatal("cannot remove the default route");
	}
}

/*
 * Takes the way out of this network namespace, then becomes the program named: the door in its container, whose port
 * is published and which therefore is given a default route.  Whoever is to be answered is on its own network.
 */
int main(int argc, char **argv)
{
	log_init("seal");
	if (argc < 2)
		fatal_usage("usage: heimgate-seal PROGRAM [ARGUMENT ...]");
	if (getpid() != 1)
		fatal_usage("it is for the first process of a container: anywhere else it would cut off the machine");
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		fatal("cannot speak of routes to the kernel");
	remove_default_routes(fd, AF_INET);
	remove_default_routes(fd, AF_INET6);
	close(fd);
	priv_drop("", INT_MAX);
	execvp(argv[1], argv + 1);
	fatal("cannot start %s", argv[1]);
}
