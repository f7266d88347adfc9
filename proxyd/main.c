#include "../proto/daemon/ipc.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/priv.h"
#include "../proto/daemon/ready.h"
#include "../proto/daemon/sandbox.h"
#include "proxyd.h"
#include "upstream.h"

enum { OTHER_DESCRIPTORS = 128 };

/*
 * heimgate-proxyd carries leased requests to model servers and their answers
 * back.  It may touch its links, models.json with the credentials it names,
 * and the configured upstreams.  Who takes it over has those credentials and
 * the bodies passing through; no key, no history, and no lease can be made here.
 */
int main(int argc, char **argv)
{
	static struct conf_proxyd conf;

	log_init("proxyd");
	conf_load(CONF_PROXYD, &conf, argc, argv);

	loop_open();
	proxyd_acquire(&conf);
	priv_drop(conf.user, (int)conf.streams + OTHER_DESCRIPTORS);

	upstream_open(&conf);
	ipc_enter(conf.run);
	proxyd_link();

	sandbox_enter("base ipc connect dns thread rpath", conf.sandbox);

	ready_notify((int)conf.ready_fd);
	loop_run();

	proxyd_close();
	ipc_close();
	return 0;
}
