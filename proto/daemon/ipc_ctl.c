/*
 * The daemon's end of its control socket.  People's tools speak nng's REQ0:
 * a message begins with a stack of u32 that names the way back and ends with
 * the first one whose top bit is set; the result carries the same stack.
 */
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc.h"
#include "ipc_private.h"
#include "log.h"
#include "loop.h"
#include "sp.h"

enum { CALLERS = 8, STACK_MAX = 64, LAST = 0x80 };

static struct sp callers[CALLERS];
static struct loop_watch listener = {.fd = -1};
static ipc_ctl_handler *handler;
static void *handler_arg;

/* Runs the call in the message; the result's JSON goes to `json`.  Returns whether it was done. */
static bool run_call(const uint8_t *bytes, size_t length, uint64_t *id, struct wire_out *json)
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
		return handler(handler_arg, &call, json);
	log_warn("call-refused", "reason=%s", log_text(wire_error_text(error)));
	json->length = (size_t)snprintf((char *)json->data, json->size, "{\"error\": \"%s\"}", wire_error_text(error));
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

static void called(void *arg, const uint8_t *bytes, size_t length)
{
	static uint8_t json_bytes[CTL_JSON_MAX];
	struct sp *caller = arg;
	struct wire_out json, header, body;
	uint64_t id;
	size_t stack = stack_length(bytes, length);
	if (stack == 0)
		return;
	wire_out_init(&json, json_bytes, sizeof(json_bytes));
	struct ctl_result result = {.done = run_call(bytes + stack, length - stack, &id, &json)};
	result.json = (struct wire_bytes){json.data, json.length};
	uint8_t *place = sp_reserve(caller, STACK_MAX + WIRE_HEADER_SIZE + WIRE_BODY_MAX, IPC_BACKLOG_MAX);
	if (!place)
		return;
	memcpy(place, bytes, stack);
	wire_out_init(&body, place + stack + WIRE_HEADER_SIZE, WIRE_BODY_MAX);
	ctl_result_encode(&body, &result);
	wire_out_init(&header, place + stack, WIRE_HEADER_SIZE);
	wire_put_header(&header, MSG_CTL_RESULT, 0, id, (uint32_t)body.length);
	CHECK(body.error == WIRE_OK);
	sp_commit(caller, stack + WIRE_HEADER_SIZE + body.length);
	sp_end(caller);
}

static void nothing(void *arg)
{
	(void)arg;
}

static void knock(void *arg, uint32_t events)
{
	static const struct sp_events caller_events = {.opened = nothing, .message = called, .closed = nothing};
	(void)arg;
	(void)events;
	int fd = accept4(listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	for (size_t i = 0; fd >= 0 && i < CALLERS; i++) {
		if (callers[i].attached)
			continue;
		sp_attach(&callers[i], fd, SP_REP0, SP_REQ0, &caller_events, &callers[i]);
		return;
	}
	if (fd >= 0)
		close(fd);
}

static void flush_callers(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < CALLERS; i++)
		sp_flush(&callers[i]);
}

void ipc_ctl_listen(enum wire_link which, ipc_ctl_handler *call, void *arg)
{
	handler = call;
	handler_arg = arg;
	listener = (struct loop_watch){ipc_listen(which), knock, NULL};
	if (loop_watch(&listener, EPOLLIN) < 0)
		fatal("cannot watch the control socket");
	loop_after_batch(flush_callers, NULL);
}

void ipc_ctl_close(void)
{
	for (size_t i = 0; i < CALLERS; i++)
		sp_detach(&callers[i]);
	if (listener.fd >= 0)
		close(listener.fd);
}
