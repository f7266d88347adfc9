/* Our links against the real nng at the other end, which dials, listens and calls. */
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../proto/daemon/ctl.h"
#include "../../proto/daemon/ipc.h"
#include "../../proto/daemon/log.h"
#include "../../proto/daemon/loop.h"
#include "../tap/tap.h"

enum { LARGE = 30000, RECEIVE_MS = 10000 };

static char directory[] = "/tmp/heimgate-nng-XXXXXX";
static struct ipc_link *dialed, *listened;
static unsigned faults;

static enum wire_error heard(void *arg, const struct wire_frame *frame)
{
	(void)arg;
	faults += frame->type == MSG_FAULT;
	return WIRE_OK;
}

static enum wire_error echo(void *arg, const struct wire_frame *frame)
{
	(void)arg;
	return ipc_send_empty(listened, MSG_HEALTH, frame->id) == 0 ? WIRE_OK : WIRE_BUSY;
}

static ipc_ctl_ticket first, second; /* calls not answered yet */

/* The second call is answered before the first. */
static void answer_both(void *arg)
{
	(void)arg;
	ipc_ctl_end(second, ctl_reply(ipc_ctl_begin(), json_pack("{s:s}", "was", "second")));
	ipc_ctl_end(first, ctl_refuse(ipc_ctl_begin(), "was the first"));
}

static bool wait_for_another(void)
{
	static struct loop_timer soon = {.expired = answer_both};
	if (first == 0) {
		first = ipc_ctl_later();
		return false;
	}
	second = ipc_ctl_later();
	loop_timer_set(&soon, 1);
	return false;
}

static bool answer_call(void *arg, const struct ctl_call *call, struct wire_out *json)
{
	(void)arg;
	if (strcmp(call->verb, "later") == 0)
		return wait_for_another();
	if (strcmp(call->verb, "large") != 0)
		return ctl_refuse(json, "no such verb");
	char text[LARGE];
	memset(text, 'x', sizeof(text));
	return ctl_reply(json, json_pack("{s:s#}", "text", text, sizeof(text)));
}

static void put_frame(uint8_t *bytes, uint16_t type, uint64_t id)
{
	struct wire_out out;
	wire_out_init(&out, bytes, WIRE_HEADER_SIZE);
	wire_put_header(&out, type, 0, id, 0);
}

static nng_socket open_pair(void)
{
	nng_socket pair = NNG_SOCKET_INITIALIZER;
	is_int(nng_pair0_open(&pair), 0, "nng opens a pair");
	nng_socket_set_ms(pair, NNG_OPT_RECVTIMEO, RECEIVE_MS);
	return pair;
}

static void test_nng_dials(void)
{
	uint8_t frames[2 * WIRE_HEADER_SIZE], answer[256];
	size_t length = sizeof(answer);
	nng_socket pair = open_pair();
	is_int(nng_dial(pair, "ipc://edge-authd/link", NULL, 0), 0, "nng dials a link of ours");
	put_frame(frames, MSG_HEALTH_ASK, 1);
	put_frame(frames + WIRE_HEADER_SIZE, MSG_HEALTH_ASK, 2);
	is_int(nng_send(pair, frames, sizeof(frames), 0), 0, "nng sends two frames in one message");
	is_int(nng_recv(pair, answer, &length, 0), 0, "nng gets an answer");
	put_frame(frames, MSG_HEALTH, 1);
	put_frame(frames + WIRE_HEADER_SIZE, MSG_HEALTH, 2);
	is_bytes(answer, length, frames, sizeof(frames), "which has both frames in one message");
	nng_socket other = open_pair();
	length = sizeof(answer);
	nng_socket_set_ms(other, NNG_OPT_RECVTIMEO, 100);
	nng_dial(other, "ipc://edge-authd/link", NULL, 0);
	ok(nng_recv(other, answer, &length, 0) != 0, "a second peer is not served");
	nng_close(other);
	length = sizeof(answer);
	put_frame(frames, MSG_HEALTH_ASK, 3);
	nng_send(pair, frames, WIRE_HEADER_SIZE, 0);
	is_int(nng_recv(pair, answer, &length, 0), 0, "while the first one still is");
	nng_close(pair);
}

static void test_nng_listens(void)
{
	uint8_t frame[WIRE_HEADER_SIZE], answer[256];
	size_t length = sizeof(answer);
	nng_socket pair = open_pair();
	mkdir("edge-limiterd", 0750);
	is_int(nng_listen(pair, "ipc://edge-limiterd/link", NULL, 0), 0, "nng listens where we dial");
	put_frame(frame, MSG_LIMIT_TAKE, 9);
	is_int(nng_send(pair, frame, sizeof(frame), 0), 0, "nng sends what limiterd may not");
	is_int(nng_recv(pair, answer, &length, 0), 0, "and hears of it");
	struct wire_in in;
	struct wire_frame refused;
	wire_in_init(&in, answer, length);
	is_int(wire_next_frame(&in, &refused), WIRE_OK, "in a frame");
	is_int(refused.type, MSG_FAULT, "that is a fault");
	is_int((long long)refused.id, 9, "with the same id");
	nng_close(pair);
}

static void test_nng_calls(void)
{
	json_t *result = ctl_call(directory, LINK_CTL_AUTHD, "large", NULL);
	is_int((long long)json_string_length(json_object_get(result, "text")), LARGE, "a call brings a large result");
	json_decref(result);
	fclose(stderr);
	ok(!ctl_call(directory, LINK_CTL_AUTHD, "nothing", NULL), "an unknown verb is refused");
}

static void *call_later(void *arg)
{
	*(json_t **)arg = ctl_call(directory, LINK_CTL_AUTHD, "later", NULL);
	return NULL;
}

static void test_later_answers(void)
{
	json_t *results[2] = {NULL, NULL};
	pthread_t callers[2];
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&callers[i], NULL, call_later, &results[i]) == 0);
	for (int i = 0; i < 2; i++)
		pthread_join(callers[i], NULL);
	ok((results[0] == NULL) != (results[1] == NULL), "of two calls that wait at one time, the first is refused");
	json_t *result = results[0] ? results[0] : results[1];
	is_text(json_string_value(json_object_get(result, "was")), "second",
	        "and the second is done: each gets its own answer");
	json_decref(result);
}

static void *be_nng(void *arg)
{
	(void)arg;
	test_nng_dials();
	test_nng_listens();
	test_nng_calls();
	test_later_answers();
	kill(getpid(), SIGTERM); /* loop_stop() is for the loop's own thread */
	return NULL;
}

int main(void)
{
	static const struct ipc_events edge_events = {.frame = heard}, authd_events = {.frame = echo};
	pthread_t thread;
	if (!mkdtemp(directory))
		return 1;
	log_init("test");
	log_level_set(LOG_LEVEL_ERROR);
	loop_open();
	ipc_enter(directory);
	listened = ipc_open(LINK_EDGE_AUTHD, ROLE_AUTHD, &authd_events, NULL);
	dialed = ipc_open(LINK_EDGE_LIMITERD, ROLE_EDGE, &edge_events, NULL);
	ipc_ctl_listen(LINK_CTL_AUTHD, answer_call, NULL);
	if (pthread_create(&thread, NULL, be_nng, NULL) != 0)
		return 1;
	loop_run();
	pthread_join(thread, NULL);
	is_int(faults, 0, "nobody complained about us");
	ipc_close();
	return tap_done();
}
