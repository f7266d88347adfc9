/* The tools' end of a control socket; apart from ctl.c, so that no daemon is linked with nng. */
#include "ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../wire/msg_common.h"
#include "table.h"

enum { CTL_TIMEOUT_MS = 10 * 1000 };

/* What the daemon says goes to a terminal: no control characters. */
static void complain(const char *text)
{
	fprintf(stderr, "%s: ", program_invocation_short_name);
	table_put(stderr, text);
	fputc('\n', stderr);
}

static void complain_unreachable(const char *run_directory, enum wire_link link, int error)
{
	const struct wire_link_info *info = wire_link_info(link);
	bool absent = error == NNG_ENOENT || error == NNG_ECONNREFUSED;
	fprintf(stderr, "%s: cannot reach heimgate-%s at %s/%s/link: %s\n", program_invocation_short_name,
	        wire_role_name(info->listener), run_directory, info->name, absent ? "is it running?" : nng_strerror(error));
}

/* By way of the directory's descriptor, because a socket's path may have 107 bytes only. */
static int dial(nng_socket socket, int directory, enum wire_link link)
{
	char url[128];
	snprintf(url, sizeof(url), "ipc:///proc/self/fd/%d/%s/link", directory, wire_link_info(link)->name);
	return nng_dial(socket, url, NULL, 0);
}

/* A request sent twice would be done twice: with no resend time a broken connection is an error instead. */
static int set_options(nng_socket socket)
{
	int error = nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
	if (!error)
		error = nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, CTL_TIMEOUT_MS);
	if (!error)
		error = nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, CTL_TIMEOUT_MS);
	if (!error)
		error = nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, WIRE_MESSAGE_MAX);
	return error;
}

/* Sends the message and receives the answer, which the caller frees with nng_msg_free. */
static int exchange(const char *run_directory, enum wire_link link, const struct wire_out *call, nng_msg **answer)
{
	nng_socket socket = NNG_SOCKET_INITIALIZER;
	int directory = open(run_directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return NNG_ENOENT;
	int error = nng_req0_open(&socket);
	if (!error)
		error = set_options(socket);
	if (!error)
		error = dial(socket, directory, link);
	if (!error)
		error = nng_send(socket, call->data, call->length, 0);
	if (!error)
		error = nng_recvmsg(socket, answer, 0);
	nng_close(socket);
	close(directory);
	return error;
}

/* Writes header and body of the call; false when the arguments are too large. */
static bool encode_call(struct wire_out *frame, const char *verb, const char *json)
{
	struct ctl_call call = {.json = {(const uint8_t *)json, strlen(json)}};
	struct wire_out header, body;
	if (snprintf(call.verb, sizeof(call.verb), "%s", verb) >= (int)sizeof(call.verb))
		return false;
	wire_out_init(&body, frame->data + WIRE_HEADER_SIZE, frame->size - WIRE_HEADER_SIZE);
	ctl_call_encode(&body, &call);
	wire_out_init(&header, frame->data, WIRE_HEADER_SIZE);
	wire_put_header(&header, MSG_CTL_CALL, 0, 1, (uint32_t)body.length);
	frame->length = header.length + body.length;
	return body.error == WIRE_OK && header.error == WIRE_OK;
}

/* The result's object, or NULL after having said what is wrong with it. */
static json_t *read_result(nng_msg *answer)
{
	struct wire_in message, body;
	struct wire_frame frame;
	struct ctl_result result;
	char error[JSON_ERROR_TEXT_LENGTH];
	wire_in_init(&message, nng_msg_body(answer), nng_msg_len(answer));
	if (wire_next_frame(&message, &frame) != WIRE_OK || frame.type != MSG_CTL_RESULT)
		return complain("the answer is no result"), NULL;
	wire_in_init(&body, frame.body, frame.length);
	if (ctl_result_decode(&body, &result) != WIRE_OK)
		return complain("the answer is malformed"), NULL;
	json_t *object = ctl_arguments(result.json.data, result.json.length, error, sizeof(error));
	if (!object)
		return complain(error), NULL;
	if (result.done)
		return object;
	const char *reason = json_string_value(json_object_get(object, "error"));
	complain(reason ? reason : "refused");
	json_decref(object);
	return NULL;
}

json_t *ctl_call(const char *run_directory, enum wire_link link, const char *verb, json_t *arguments)
{
	uint8_t buffer[WIRE_HEADER_SIZE + WIRE_BODY_MAX];
	struct wire_out frame;
	nng_msg *answer = NULL;
	char *json = arguments ? json_dumps(arguments, JSON_COMPACT) : strdup("{}");
	json_decref(arguments);
	wire_out_init(&frame, buffer, sizeof(buffer));
	bool encoded = json && encode_call(&frame, verb, json);
	free(json);
	errno = EPERM;
	if (!encoded)
		return complain("the arguments are too large"), NULL;
	int error = exchange(run_directory, link, &frame, &answer);
	if (error) {
		complain_unreachable(run_directory, link, error);
		errno = ENOTCONN;
		return NULL;
	}
	json_t *result = read_result(answer);
	nng_msg_free(answer);
	errno = EPERM;
	return result;
}
