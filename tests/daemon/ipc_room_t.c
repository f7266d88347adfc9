/* A peer that reads nothing: data stop finding room, and what ends a stream or lets it go on still does. */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../proto/daemon/ipc.h"
#include "../../proto/daemon/log.h"
#include "../../proto/daemon/loop.h"
#include "../../proto/daemon/sp.h"
#include "../tap/tap.h"

enum { PATIENCE_MS = 20000, STREAMS = 4096 };

static char directory[] = "/tmp/heimgate-ipc-room-XXXXXX";
static struct sp far_end;
static struct ipc_link *link_;

static enum wire_error take(void *arg, const struct wire_frame *frame)
{
	(void)arg;
	(void)frame;
	return WIRE_OK;
}

static void ignore(void *arg)
{
	(void)arg;
}

static void hear(void *arg, const uint8_t *bytes, size_t length)
{
	(void)arg;
	(void)bytes;
	(void)length;
}

static unsigned send_until_full(enum wire_type type, size_t length, unsigned most)
{
	static const uint8_t body[WIRE_CHUNK_MAX];
	unsigned count = 0;
	for (struct wire_out *out; count < most && (out = ipc_begin(link_, type, 0, 1)) != NULL; count++) {
		wire_put_fixed(out, body, length);
		ipc_end(link_);
	}
	return count;
}

static void came_up(void *arg)
{
	(void)arg;
	unsigned data = send_until_full(MSG_STREAM_DATA, WIRE_CHUNK_MAX, UINT16_MAX);
	ok(data >= IPC_BACKLOG_MAX / (2 * WIRE_CHUNK_MAX) && data <= IPC_BACKLOG_MAX / WIRE_CHUNK_MAX,
	   "%u frames of data find room", data);
	is_int(send_until_full(MSG_STREAM_CREDIT, 4, STREAMS), STREAMS,
	       "and then credit for as many streams as there may be");
	ok(send_until_full(MSG_STREAM_TRAILER, 200, UINT16_MAX) < UINT16_MAX, "there is an end to that as well");
	loop_stop();
}

static void out_of_patience(void *arg)
{
	(void)arg;
	ok(false, "done in time");
	loop_stop();
}

int main(void)
{
	static const struct ipc_events near_events = {.frame = take, .up = came_up};
	static const struct sp_events far_events = {.opened = ignore, .message = hear, .closed = ignore};
	struct loop_timer patience = {.expired = out_of_patience};
	if (!mkdtemp(directory))
		return 1;
	log_init("proxyd");
	loop_open();
	ipc_enter(directory);
	link_ = ipc_open(LINK_EDGE_PROXYD, ROLE_PROXYD, &near_events, NULL);
	int fd = sp_dial("edge-proxyd/link");
	CHECK(fd >= 0);
	sp_attach(&far_end, fd, SP_PAIR0, SP_PAIR0, &far_events, NULL);
	loop_timer_set(&patience, PATIENCE_MS);
	loop_run();
	sp_detach(&far_end);
	ipc_close();
	return tap_done();
}
