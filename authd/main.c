#include "../proto/daemon/ipc.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/priv.h"
#include "../proto/daemon/ready.h"
#include "../proto/daemon/sandbox.h"
#include "authd.h"

enum { DESCRIPTORS = 64 };

/*
 * heimgate-authd says who is calling.  It may touch its links, its control
 * socket, its own directory and its database.  Who takes it over knows the hashes of all
 * keys and can make grants: identities, and no more.  A model is reached only
 * with a lease, which it cannot make, and no upstream credential is here.
 */
int main(int argc, char **argv)
{
	static struct conf_authd conf;

	log_init("authd");
	conf_load(CONF_AUTHD, &conf, argc, argv);

	authd_acquire(&conf);
	loop_open();
	priv_drop(conf.user, DESCRIPTORS);
	authd_load(&conf);

	ipc_enter(conf.run);
	authd_open();

	sandbox_enter("base ipc connect rpath wpath", conf.sandbox);

	ready_notify((int)conf.ready_fd);
	loop_run();

	authd_close();
	ipc_close();
	return 0;
}
