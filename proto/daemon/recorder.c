#include "recorder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ipc.h"
#include "log.h"
#include "loop.h"

enum {
	RETRY_MS = 1000, /* after auditd said it has no room */
	WARN_MS = 1000
};

struct waiting {
	uint8_t *bytes; /* NULL: acknowledged */
	size_t length;
};

/* The frame id counts records from 1; record n stands in window[n % RECORDER_WINDOW]. */
static struct waiting window[RECORDER_WINDOW];
static uint64_t first = 1;  /* oldest that is not acknowledged */
static uint64_t unsent = 1; /* first that was not sent since the link came up */
static uint64_t next = 1;
static unsigned waiting;

static struct ipc_link *auditd;
static enum wire_error (*shared_take)(void *arg, const struct wire_frame *frame); /* NULL: it is not shared */
static void *shared_arg;
static struct loop_timer retry;

static uint64_t dropped;
static uint64_t dropped_unsaid; /* of those, not in any warning yet */
static uint64_t quiet_until;    /* loop_now() from which the next warning may be given */

static void count_drop(const char *reason)
{
	dropped++;
	dropped_unsaid++;
	if (loop_now() < quiet_until)
		return;
	log_warn("records-lost", "count=%" PRIu64 " total=%" PRIu64 " reason=%s", dropped_unsaid, dropped, reason);
	dropped_unsaid = 0;
	quiet_until = loop_now() + WARN_MS;
}

static void forget(uint64_t id)
{
	struct waiting *record = &window[id % RECORDER_WINDOW];
	free(record->bytes);
	record->bytes = NULL;
	waiting--;
	while (first < next && !window[first % RECORDER_WINDOW].bytes)
		first++;
	if (unsent < first)
		unsent = first;
}

static bool send_one(uint64_t id)
{
	const struct waiting *record = &window[id % RECORDER_WINDOW];
	if (!record->bytes)
		return true;
	struct wire_out *out = ipc_begin(auditd, MSG_AUDIT_RECORD, 0, id);
	if (!out)
		return false;
	wire_put_fixed(out, record->bytes, record->length);
	return ipc_end(auditd) == 0;
}

static void send_waiting(void)
{
	while (unsent < next && send_one(unsent))
		unsent++;
}

static void send_again(void *arg)
{
	(void)arg;
	unsent = first;
	send_waiting();
}

static void take_fault(uint64_t id, const struct wire_frame *frame)
{
	struct fault fault;
	struct wire_in in;
	wire_in_init(&in, frame->body, frame->length);
	if (fault_decode(&in, &fault) != WIRE_OK || fault.type != MSG_AUDIT_RECORD)
		return;
	if (fault.error == WIRE_BUSY) {
		if (!loop_timer_armed(&retry))
			loop_timer_set(&retry, RETRY_MS);
		return;
	}
	/* It would be refused for ever, and the window would never move on. */
	forget(id);
	count_drop("refused");
}

static enum wire_error take_frame(void *arg, const struct wire_frame *frame)
{
	(void)arg;
	bool known = frame->id >= first && frame->id < next && window[frame->id % RECORDER_WINDOW].bytes;
	if (known && frame->type == MSG_AUDIT_ACK)
		forget(frame->id);
	else if (known && frame->type == MSG_FAULT)
		take_fault(frame->id, frame);
	else if (frame->type != MSG_AUDIT_ACK && shared_take)
		return shared_take(shared_arg, frame);
	send_waiting();
	return WIRE_OK;
}

void recorder_open(enum wire_link link, enum wire_role me)
{
	static const struct ipc_events events = {.frame = take_frame, .up = send_again};
	retry.expired = send_again;
	auditd = ipc_open(link, me, &events, NULL);
}

struct ipc_link *recorder_share(enum wire_error (*take)(void *arg, const struct wire_frame *frame), void *arg)
{
	shared_take = take;
	shared_arg = arg;
	return auditd;
}

unsigned recorder_room(void)
{
	return (unsigned)(RECORDER_WINDOW - (next - first));
}

static bool keep(const struct audit_record *record)
{
	uint8_t bytes[RECORDER_RECORD_MAX];
	struct wire_out out;
	wire_out_init(&out, bytes, sizeof(bytes));
	audit_record_encode(&out, record);
	CHECK(out.error == WIRE_OK);
	uint8_t *copy = recorder_room() > 0 ? malloc(out.length) : NULL;
	if (!copy)
		return false;
	memcpy(copy, bytes, out.length);
	window[next++ % RECORDER_WINDOW] = (struct waiting){copy, out.length};
	waiting++;
	return true;
}

bool recorder_put(const struct audit_record *record)
{
	static const uint8_t no_id[RECORD_ID_SIZE];
	struct audit_record full = *record;
	if (memcmp(full.id, no_id, sizeof(no_id)) == 0)
		arc4random_buf(full.id, sizeof(full.id));
	if (full.time == 0)
		full.time = loop_wall();
	if (!keep(&full)) {
		count_drop("window-full");
		return false;
	}
	send_waiting();
	return true;
}

struct recorder_state recorder_state(void)
{
	return (struct recorder_state){.waiting = waiting, .dropped = dropped, .up = auditd && ipc_is_up(auditd)};
}
