#include "../proto/daemon/ipc.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/priv.h"
#include "../proto/daemon/ready.h"
#include "../proto/daemon/sandbox.h"
#include "limiterd.h"

enum { DESCRIPTORS = 64 };

/*
 * heimgate-limiterd says whether a caller may go on, now.  It may touch its
 * links, its control socket, models.json and, if that is its store, Redis.  Who
 * takes it over can admit whoever holds a grant as often as they like; it can
 * make no identity, and no credential of an upstream is here.
 */
int main(int argc, char **argv)
{
	static struct conf_limiterd conf;

	log_init("limiterd");
	conf_load(CONF_LIMITERD, &conf, argc, argv);

	loop_open();
	limiterd_acquire(&conf);
	priv_drop(conf.user, DESCRIPTORS);

	ipc_enter(conf.run);
	limiterd_open();

	sandbox_enter("base ipc connect rpath", conf.sandbox);

	ready_notify((int)conf.ready_fd);
	loop_run();

	ipc_close();
	limiterd_close();
	return 0;
}
