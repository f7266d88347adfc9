/*
 * heimgate-edge: speaks HTTP with strangers and frames with the other four
 * daemons, and holds nothing worth stealing.
 *
 * It may touch its listening socket, the connections accepted on it and its
 * four links; no files, no names, no other hosts.  Whoever takes it over sees
 * the traffic that passes at that moment, and can neither make a grant nor a
 * lease.
 */
#include "../proto/daemon/conf.h"
#include "../proto/daemon/ipc.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/priv.h"
#include "../proto/daemon/ready.h"
#include "../proto/daemon/sandbox.h"
#include "edge.h"
#include "links.h"
#include "listener.h"

int main(int argc, char **argv)
{
	static struct conf_edge conf;

	log_init("edge");
	conf_load(CONF_EDGE, &conf, argc, argv);
	loop_open();
	listener_open(&conf);
	priv_drop(conf.user, (int)conf.connections + EDGE_DESCRIPTORS_SPARE);
	edge_init(&conf);
	ipc_enter(conf.run);
	links_open();
	sandbox_enter("base ipc accept", conf.sandbox);
	ready_notify((int)conf.ready_fd);
	edge_run();
	return 0;
}
