/*
 * heimgate-door: holds the port that clients reach, and hands its listening
 * socket to edge over a unix socket.  So edge accepts connections and has no
 * network: in a container no interface, no route, no name server.
 *
 * It never accepts a connection itself and so reads no byte from anybody.
 * Who takes it over can refuse service, or listen in edge's place: clients
 * come to them then, with their keys.
 */
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/listen.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/priv.h"
#include "../proto/daemon/ready.h"
#include "../proto/daemon/sandbox.h"
#include "../proto/daemon/sp.h"

enum { DESCRIPTORS = 32 };

static struct conf_door conf;
static int listening = -1;
static struct loop_watch door = {.fd = -1};
static int taker = -1; /* whoever took the socket last: that its line breaks tells it when we end */

/* A second taker is edge started anew before the first one's end was seen. */
static void knocked(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
	int fd = accept4(door.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (taker >= 0)
		close(taker);
	taker = fd;
	if (listen_give(fd, listening) < 0)
		log_warn("not-handed-over", "reason=%s", log_text(strerror(errno)));
	else
		log_info("handed-over", "path=%s", log_text(conf.door));
}

static void open_door(void)
{
	char *path = conf_path(conf.run, conf.door);
	char *copy = strdup(path);
	CHECK(copy);
	if (mkdir(dirname(copy), 0750) < 0 && errno != EEXIST)
		fatal("cannot make the directory of %s", path);
	door = (struct loop_watch){sp_listen(path), knocked, NULL};
	if (door.fd < 0 || loop_watch(&door, EPOLLIN) < 0)
		fatal("cannot listen on %s", path);
	free(copy);
	free(path);
}

int main(int argc, char **argv)
{
	log_init("door");
	conf_load(CONF_DOOR, &conf, argc, argv);
	if (*conf.door == '\0')
		fatal_usage("HEIMGATE_DOOR must name the socket at which edge takes the port over");
	loop_open();
	listening = listen_tcp(conf.address, conf.port);
	priv_drop(conf.user, DESCRIPTORS);
	open_door();
	sandbox_enter("base ipc", conf.sandbox);
	ready_notify((int)conf.ready_fd);
	loop_run();
	return 0;
}
