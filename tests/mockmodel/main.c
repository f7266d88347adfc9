/*
 * heimgate-mockmodel: a model server without a model, for tests, benches and
 * demonstrations.  It trusts its clients: never give it to strangers.
 */
#include <stdio.h>

#include "../../proto/daemon/log.h"
#include "../../proto/daemon/loop.h"
#include "connection.h"
#include "events.h"

int main(int argc, char **argv)
{
	struct options options;

	log_init("mockmodel");
	options_read(&options, argc, argv);
	loop_open();
	events_open(&options);
	unsigned port = connection_listen(&options);
	printf("listening on http://%s:%u\n", options.address, port);
	fflush(stdout);
	loop_run();
	return 0;
}
