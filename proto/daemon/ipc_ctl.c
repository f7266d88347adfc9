/*
 * The daemon's end of its control socket.  People's tools speak nng's REQ0:
 * a message begins with a stack of u32 that names the way back and ends with
 * the first one whose top bit is set; the result carries the same stack.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc.h"
#include "ipc_private.h"
#include "log.h"
#include "loop.h"
#include "sp.h"

enum { CALLERS = 8, STACK_MAX = 64, LAST = 0x80 };

/* Where a result goes. */
struct way_back {
	uint8_t stack[STACK_MAX];
	size_t length;
	uint64_t id; /* of the call's frame */
};

struct caller {
	struct sp sp;
	ipc_ctl_ticket waiting; /* for the answer to this one; 0: for none */
	bool gave_up;           /* another call has come since: nobody is told the answer */
	struct way_back way_back;
	uint8_t *call; /* the last message, to be run; NULL: there is none */
	size_t length;
};

static struct caller callers[CALLERS];
static struct ipc_listener listener = {.watch.fd = -1};
static ipc_ctl_handler *handler;
static void *handler_arg;
static struct caller
	*calling; /* whose call the handler has now; NULL: it has none, or one that will be answered later */
static ipc_ctl_ticket last_ticket;
static struct wire_out json; /* of the result being written */

struct wire_out *ipc_ctl_begin(void)
{
	static uint8_t bytes[CTL_JSON_MAX];
	wire_out_init(&json, bytes, sizeof(bytes));
	return &json;
}

static void answer(struct caller *caller, bool done)
{
	const struct way_back *back = &caller->way_back;
	struct ctl_result result = {.done = done, .json = {json.data, json.length}};
	struct wire_out header, body;
	uint8_t *place = sp_reserve(&caller->sp, STACK_MAX + WIRE_HEADER_SIZE + WIRE_BODY_MAX, IPC_BACKLOG_MAX);
	if (!place)
		return;
	memcpy(place, back->stack, back->length);
	wire_out_init(&body, place + back->length + WIRE_HEADER_SIZE, WIRE_BODY_MAX);
	ctl_result_encode(&body, &result);
	wire_out_init(&header, place + back->length, WIRE_HEADER_SIZE);
	wire_put_header(&header, MSG_CTL_RESULT, 0, back->id, (uint32_t)body.length);
	CHECK(body.error == WIRE_OK);
	sp_commit(&caller->sp, back->length + WIRE_HEADER_SIZE + body.length);
	sp_end(&caller->sp);
}

ipc_ctl_ticket ipc_ctl_later(void)
{
	CHECK(calling != NULL);
	calling->waiting = ++last_ticket;
	calling = NULL;
	return last_ticket;
}

void ipc_ctl_end(ipc_ctl_ticket ticket, bool done)
{
	for (size_t i = 0; i < CALLERS; i++) {
		if (callers[i].waiting != ticket)
			continue;
		callers[i].waiting = 0;
		if (!callers[i].gave_up)
			answer(&callers[i], done);
		callers[i].gave_up = false;
	}
}

/* Runs the call in the message.  Returns whether it was done. */
static bool run_call(const uint8_t *bytes, size_t length, uint64_t *id)
{
	struct wire_in in, body;
	struct wire_frame frame = {0};
	struct ctl_call call;
	wire_in_init(&in, bytes, length);
	enum wire_error error = wire_next_frame(&in, &frame);
	*id = frame.id;
	if (error == WIRE_OK && frame.type != MSG_CTL_CALL)
		error = WIRE_BAD_SENDER;
	wire_in_init(&body, frame.body, frame.length);
	if (error == WIRE_OK)
		error = ctl_call_decode(&body, &call);
	if (error == WIRE_OK)
		error = wire_end(&in);
	if (error == WIRE_OK)
		return handler(handler_arg, &call, ipc_ctl_begin());
	log_warn("call-refused", "reason=%s", log_text(wire_error_text(error)));
	ipc_ctl_begin();
	json.length = (size_t)snprintf((char *)json.data, json.size, "{\"error\": \"%s\"}", wire_error_text(error));
	return false;
}

/* Bytes of the way back at the front of a message; 0 when there is none. */
static size_t stack_length(const uint8_t *bytes, size_t length)
{
	for (size_t end = 4; end <= length && end <= STACK_MAX; end += 4)
		if (bytes[end - 4] & LAST)
			return end;
	return 0;
}

static void drop_call(struct caller *caller)
{
	free(caller->call);
	caller->call = NULL;
}

static void run(struct caller *caller)
{
	size_t stack = stack_length(caller->call, caller->length);
	memcpy(caller->way_back.stack, caller->call, stack);
	caller->way_back.length = stack;
	calling = caller;
	bool done = run_call(caller->call + stack, caller->length - stack, &caller->way_back.id);
	if (calling)
		answer(caller, done);
	calling = NULL;
	drop_call(caller);
}

/* Not before the last one is answered, and the answer taken. */
static bool has_turn(const struct caller *caller)
{
	return caller->call && caller->waiting == 0 && caller->sp.out.length == 0;
}

/* One call of each, however many they send: requests come between. */
static void take_turns(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < CALLERS; i++)
		if (has_turn(&callers[i]))
			run(&callers[i]);
}

/* REQ0 asks once and waits; whoever asks again meanwhile has given the first question up. */
static void called(void *arg, const uint8_t *bytes, size_t length)
{
	struct caller *caller = arg;
	if (stack_length(bytes, length) == 0)
		return;
	caller->gave_up = caller->waiting != 0;
	drop_call(caller);
	caller->call = malloc(length);
	if (!caller->call)
		return;
	memcpy(caller->call, bytes, length);
	caller->length = length;
}

static void gone(void *arg)
{
	struct caller *caller = arg;
	caller->waiting = 0;
	caller->gave_up = false;
	drop_call(caller);
}

static void nothing(void *arg)
{
	(void)arg;
}

static void knock(void *arg, uint32_t events)
{
	static const struct sp_events caller_events = {.opened = nothing, .message = called, .closed = gone};
	(void)arg;
	(void)events;
	int fd = ipc_accept(&listener);
	for (size_t i = 0; fd >= 0 && i < CALLERS; i++) {
		if (callers[i].sp.attached)
			continue;
		sp_attach(&callers[i].sp, fd, SP_REP0, SP_REQ0, &caller_events, &callers[i]);
		return;
	}
	if (fd >= 0)
		close(fd);
}

static void flush_callers(void *arg)
{
	static struct loop_timer turn = {.expired = take_turns};
	(void)arg;
	for (size_t i = 0; i < CALLERS; i++) {
		sp_flush(&callers[i].sp);
		if (has_turn(&callers[i]))
			loop_timer_set(&turn, 0);
	}
}

void ipc_ctl_listen(enum wire_link which, ipc_ctl_handler *call, void *arg)
{
	handler = call;
	handler_arg = arg;
	ipc_listen(&listener, which, knock, NULL);
	loop_after_batch(flush_callers, NULL);
}

void ipc_ctl_close(void)
{
	for (size_t i = 0; i < CALLERS; i++) {
		sp_detach(&callers[i].sp);
		drop_call(&callers[i]);
	}
	if (listener.watch.fd >= 0)
		close(listener.watch.fd);
}
