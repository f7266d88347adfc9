/* The daemon's end of its control socket: one call at a time, each with one result. */
#include "ipc_private.h"

#include <nng/protocol/reqrep0/rep.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"

static void call_ready(void *arg, uint32_t events);
static struct loop_watch waker = {-1, call_ready, NULL};
static nng_socket server;
static nng_aio *receive, *transmit;
static nng_msg *_Atomic waiting; /* handed from nng's thread to the loop */
static ipc_ctl_handler *handler;
static void *handler_arg;

static void received(void *arg)
{
	static const uint64_t one = 1;
	(void)arg;
	int result = nng_aio_result(receive);
	if (result == NNG_ECLOSED || result == NNG_ECANCELED)
		return;
	if (result != 0) {
		nng_recv_aio(server, receive);
		return;
	}
	atomic_store(&waiting, nng_aio_get_msg(receive));
	CHECK(write(waker.fd, &one, sizeof(one)) == sizeof(one));
}

static void transmitted(void *arg)
{
	(void)arg;
	int result = nng_aio_result(transmit);
	if (result != 0)
		nng_msg_free(nng_aio_get_msg(transmit));
	if (result != NNG_ECLOSED)
		nng_recv_aio(server, receive);
}

/* Runs the call in the message; the result's JSON goes to `json`.  Returns whether it was done. */
static bool run_call(nng_msg *message, uint64_t *id, struct wire_out *json)
{
	struct wire_in in, body;
	struct wire_frame frame = {0};
	struct ctl_call call;
	wire_in_init(&in, nng_msg_body(message), nng_msg_len(message));
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

static void call_ready(void *arg, uint32_t events)
{
	static uint8_t json_bytes[CTL_JSON_MAX], reply[WIRE_HEADER_SIZE + WIRE_BODY_MAX];
	uint64_t count, id;
	struct wire_out json, header, body;
	(void)arg;
	(void)events;
	CHECK(read(waker.fd, &count, sizeof(count)) == sizeof(count));
	nng_msg *message = atomic_exchange(&waiting, NULL);
	wire_out_init(&json, json_bytes, sizeof(json_bytes));
	struct ctl_result result = {.done = run_call(message, &id, &json)};
	result.json = (struct wire_bytes){json.data, json.length};
	wire_out_init(&body, reply + WIRE_HEADER_SIZE, WIRE_BODY_MAX);
	ctl_result_encode(&body, &result);
	wire_out_init(&header, reply, WIRE_HEADER_SIZE);
	wire_put_header(&header, MSG_CTL_RESULT, 0, id, (uint32_t)body.length);
	nng_msg_clear(message);
	CHECK(body.error == WIRE_OK && nng_msg_append(message, reply, WIRE_HEADER_SIZE + body.length) == 0);
	nng_aio_set_msg(transmit, message);
	nng_send_aio(server, transmit);
}

void ipc_ctl_listen(enum wire_link which, ipc_ctl_handler *call, void *arg)
{
	char address[64];
	nng_listener listener;
	handler = call;
	handler_arg = arg;
	ipc_make_directory(which);
	snprintf(address, sizeof(address), "ipc://%s/link", wire_link_info(which)->name);
	waker.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (waker.fd < 0 || loop_watch(&waker, EPOLLIN) < 0)
		fatal("cannot make the control socket's wake-up descriptor");
	int result = nng_rep0_open(&server);
	if (result == 0)
		result = nng_socket_set_size(server, NNG_OPT_RECVMAXSZ, WIRE_MESSAGE_MAX);
	if (result == 0)
		result = nng_aio_alloc(&receive, received, NULL);
	if (result == 0)
		result = nng_aio_alloc(&transmit, transmitted, NULL);
	if (result == 0)
		result = nng_listener_create(&listener, server, address);
	if (result == 0)
		result = nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, 0660);
	if (result == 0)
		result = nng_listener_start(listener, 0);
	if (result != 0)
		fatalx("cannot listen on %s: %s", wire_link_info(which)->name, nng_strerror(result));
	nng_recv_aio(server, receive);
}

void ipc_ctl_close(void)
{
	if (!handler)
		return;
	nng_close(server);
	nng_aio_stop(receive);
	nng_aio_stop(transmit);
	nng_aio_free(receive);
	nng_aio_free(transmit);
	if (waiting)
		nng_msg_free(waiting);
}
