#include "../proto/daemon/ipc.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/priv.h"
#include "../proto/daemon/ready.h"
#include "../proto/daemon/sandbox.h"
#include "auditd.h"

enum { DESCRIPTORS = 128 };

/*
 * heimgate-auditd is the only thing that writes history.  It may touch its
 * links, its control socket, its own directory and its database.  Who takes
 * it over can read history, which holds no prompt, no answer and no secret,
 * and has the database's password; what they alter in the journal, the chain
 * shows.
 */
int main(int argc, char **argv)
{
	static struct conf_auditd conf;

	log_init("auditd");
	conf_load(CONF_AUDITD, &conf, argc, argv);

	loop_open();
	priv_drop(conf.user, DESCRIPTORS);
	auditd_load(&conf);

	ipc_enter(conf.run);
	auditd_open();

	sandbox_enter("base ipc connect rpath wpath", conf.sandbox);

	ready_notify((int)conf.ready_fd);
	loop_run();

	auditd_close();
	ipc_close();
	return 0;
}
