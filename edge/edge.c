#include "edge.h"

#include "../proto/daemon/ipc.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "body.h"
#include "conn.h"
#include "exchange.h"
#include "listener.h"
#include "request.h"

enum { FINISH_MS = 5000 }; /* for open answers once we are asked to end */

void edge_init(const struct conf_edge *conf)
{
	conn_init(conf);
	exchange_init(conf);
	request_init(conf);
	body_init(conf);
}

static void time_is_up(void *arg)
{
	(void)arg;
	loop_stop();
}

static void stop_when_empty(void *arg)
{
	(void)arg;
	if (conn_count() == 0)
		loop_stop();
}

static void finish(void)
{
	struct loop_timer timer = {.expired = time_is_up};
	listener_stop();
	conn_wind_down();
	loop_after_batch(stop_when_empty, NULL);
	loop_timer_set(&timer, FINISH_MS);
	loop_run();
	loop_timer_clear(&timer);
}

void edge_run(void)
{
	listener_start();
	loop_run();
	log_info("ending", "connections=%u", conn_count());
	finish();
	ipc_close();
}
