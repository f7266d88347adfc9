/* A peer of one link that says what no peer of ours would: FAULTs about errors that there are not, and so many of them
 * that what it does itself should go unseen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../proto/daemon/ipc.h"
#include "../../proto/daemon/log.h"
#include "../../proto/daemon/loop.h"
#include "../../proto/daemon/sp.h"
#include "../tap/tap.h"

enum { PATIENCE_MS = 20000, FAULTS = 3 };

static char directory[] = "/tmp/heimgate-ipc-faults-XXXXXX";
static struct sp far_end;
static unsigned handled, refused, answers;

/* --- the near side: authd's --- */

static enum wire_error take(void *arg, const struct wire_frame *frame)
{
	(void)arg;
	(void)frame;
	handled++;
	return WIRE_OK;
}

/* --- the far side: edge's --- */

static void send_frame(enum wire_type type, const void *body, size_t length)
{
	struct wire_out out;
	size_t size = WIRE_HEADER_SIZE + length;
	uint8_t *place = sp_reserve(&far_end, size, IPC_BACKLOG_MAX);
	CHECK(place != NULL);
	wire_out_init(&out, place, size);
	wire_put_header(&out, type, 0, 1, (uint32_t)length);
	wire_put_fixed(&out, body, length);
	sp_commit(&far_end, size);
}

static void send_fault(unsigned error)
{
	struct fault fault = {.error = (uint16_t)error, .type = MSG_AUTH_GRANT, .text = "so it says"};
	uint8_t body[512];
	struct wire_out out;
	wire_out_init(&out, body, sizeof(body));
	fault_encode(&out, &fault);
	send_frame(MSG_FAULT, body, out.length);
}

static void greeted(void *arg)
{
	(void)arg;
	send_fault(UINT16_MAX);
	send_fault(WIRE_BUSY + 1);
	send_fault(WIRE_BAD_SENDER);
	send_frame(MSG_AUTH_GRANT, NULL, 0); /* which edge may not send */
}

static void answered(void *arg, const uint8_t *bytes, size_t length)
{
	struct wire_in in, body;
	struct wire_frame frame;
	struct fault fault;
	(void)arg;
	wire_in_init(&in, bytes, length);
	while (wire_next_frame(&in, &frame) == WIRE_OK) {
		answers++;
		wire_in_init(&body, frame.body, frame.length);
		refused += frame.type == MSG_FAULT && fault_decode(&body, &fault) == WIRE_OK && fault.error == WIRE_BAD_SENDER;
	}
	loop_stop();
}

static void closed(void *arg)
{
	(void)arg;
	ok(false, "the link stays");
	loop_stop();
}

static void flush(void *arg)
{
	(void)arg;
	sp_flush(&far_end);
}

static void out_of_patience(void *arg)
{
	(void)arg;
	ok(false, "done in time");
	loop_stop();
}

/* --- what was logged --- */

static FILE *keep_log(void)
{
	FILE *kept = tmpfile();
	CHECK(kept != NULL && dup2(fileno(kept), STDERR_FILENO) >= 0);
	return kept;
}

static unsigned count_lines(FILE *kept, const char *with)
{
	char line[2048 + 256];
	unsigned count = 0;
	rewind(kept);
	while (fgets(line, sizeof(line), kept))
		count += strstr(line, with) != NULL;
	return count;
}

int main(void)
{
	static const struct ipc_events near_events = {.frame = take};
	static const struct sp_events far_events = {.opened = greeted, .message = answered, .closed = closed};
	struct loop_timer patience = {.expired = out_of_patience};
	if (!mkdtemp(directory))
		return 1;
	log_init("authd");
	FILE *kept = keep_log();
	loop_open();
	ipc_enter(directory);
	ipc_open(LINK_EDGE_AUTHD, ROLE_AUTHD, &near_events, NULL);
	int fd = sp_dial("edge-authd/link");
	CHECK(fd >= 0);
	sp_attach(&far_end, fd, SP_PAIR0, SP_PAIR0, &far_events, NULL);
	loop_after_batch(flush, NULL);
	loop_timer_set(&patience, PATIENCE_MS);
	loop_run();
	is_int(answers, 1, "no FAULT is answered");
	is_int(refused, 1, "what edge may not send is refused");
	is_int(handled, FAULTS, "every FAULT reaches the handler");
	is_int(count_lines(kept, "event=frame-refused-by-peer "), 2, "errors that there are not are logged as if one");
	is_int(count_lines(kept, "event=frame-refused link=edge-authd type=AUTH_GRANT"), 1,
	       "a FAULT does not hide that its sender is refused for the same reason");
	sp_detach(&far_end);
	ipc_close();
	return tap_done();
}
