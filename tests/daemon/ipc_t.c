/* Two processes on one link: frames arrive in order, many at a time, and a dead peer is noticed and replaced. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../proto/daemon/ipc.h"
#include "../../proto/daemon/log.h"
#include "../../proto/daemon/loop.h"
#include "../../proto/wire/msg_auth.h"
#include "../tap/tap.h"

enum { ASKED = 20000, AT_ONCE = 64, PATIENCE_MS = 20000 };

static char directory[] = "/tmp/heimgate-ipc-XXXXXX";
static struct ipc_link *link_;
static pid_t authd, successor;
static int starting_gun[2];
static uint64_t asked, answered;
static unsigned ups, downs, faults;
static bool in_order = true;

/* --- the far side: authd's --- */

static enum wire_error answer(void *arg, const struct wire_frame *frame)
{
	struct auth_ask ask;
	struct auth_deny deny = {.reason = AUTH_UNKNOWN};
	struct wire_in in;
	(void)arg;
	wire_in_init(&in, frame->body, frame->length);
	enum wire_error error = auth_ask_decode(&in, &ask);
	if (error != WIRE_OK)
		return error;
	snprintf(deny.key_id, sizeof(deny.key_id), "%llu", (unsigned long long)frame->id);
	struct wire_out *out = ipc_begin(link_, MSG_AUTH_DENY, 0, frame->id);
	auth_deny_encode(out, &deny);
	ipc_end(link_);
	return WIRE_OK;
}

static void run_authd(void)
{
	static const struct ipc_events events = {.frame = answer};
	log_init("authd");
	loop_open();
	ipc_enter(directory);
	link_ = ipc_open(LINK_EDGE_AUTHD, ROLE_AUTHD, &events, NULL);
	loop_run();
	ipc_close();
	_exit(0);
}

/* Both are forked before nng's threads exist; the second waits until the first is dead. */
static void fork_authds(void)
{
	char byte;
	if (pipe(starting_gun) < 0)
		exit(1);
	authd = fork();
	if (authd == 0)
		run_authd();
	successor = fork();
	if (successor == 0 && read(starting_gun[0], &byte, 1) == 1)
		run_authd();
}

/* --- the near side: edge's --- */

static void ask_next(void)
{
	struct auth_ask ask = {{0}, {0}};
	struct wire_out *out = ipc_begin(link_, MSG_AUTH_ASK, 0, ++asked);
	auth_ask_encode(out, &ask);
	ipc_end(link_);
}

static void send_broken_frame(void)
{
	struct wire_out *out = ipc_begin(link_, MSG_AUTH_ASK, 0, 1);
	wire_put_u8(out, 1);
	ipc_end(link_);
}

static void came_up(void *arg)
{
	(void)arg;
	ups++;
	asked = answered = 0;
	for (int i = 0; i < AT_ONCE; i++)
		ask_next();
}

static void went_down(void *arg)
{
	(void)arg;
	downs++;
	ok(!ipc_is_up(link_) && !ipc_begin(link_, MSG_AUTH_ASK, 0, 1), "nothing can be sent to a peer that is gone");
	waitpid(authd, NULL, 0);
	authd = successor;
	ok(write(starting_gun[1], "", 1) == 1, "another peer starts in its place");
}

static void take_answer(const struct wire_frame *frame)
{
	in_order = in_order && frame->id == ++answered;
	if (asked < ASKED)
		ask_next();
	if (answered < ASKED)
		return;
	if (ups == 1)
		kill(authd, SIGKILL);
	else
		send_broken_frame();
}

static enum wire_error heard(void *arg, const struct wire_frame *frame)
{
	(void)arg;
	if (frame->type != MSG_FAULT) {
		take_answer(frame);
		return WIRE_OK;
	}
	struct fault fault;
	struct wire_in in;
	wire_in_init(&in, frame->body, frame->length);
	faults++;
	is_int(fault_decode(&in, &fault), WIRE_OK, "a fault comes back for a broken frame");
	is_int(fault.error, WIRE_TRUNCATED, "it says what was wrong");
	is_int(fault.type, MSG_AUTH_ASK, "and with which message");
	loop_stop();
	return WIRE_OK;
}

static void out_of_patience(void *arg)
{
	(void)arg;
	ok(false, "done in time");
	loop_stop();
}

int main(void)
{
	static const struct ipc_events events = {.frame = heard, .up = came_up, .down = went_down};
	struct loop_timer patience = {.expired = out_of_patience};
	if (!mkdtemp(directory))
		return 1;
	log_init("edge");
	log_level_set(LOG_LEVEL_ERROR);
	fork_authds();
	loop_open();
	ipc_enter(directory);
	link_ = ipc_open(LINK_EDGE_AUTHD, ROLE_EDGE, &events, NULL);
	is_int(ipc_missing(), 1, "a dialed link is missing until the peer is there");
	loop_timer_set(&patience, PATIENCE_MS);
	loop_run();
	is_int(ups, 2, "the peer came twice");
	is_int(downs, 1, "and went once");
	is_int((long long)answered, ASKED, "every question was answered after the restart");
	ok(in_order, "and in order");
	is_int(faults, 1, "one fault in all");
	ipc_close();
	kill(authd, SIGTERM);
	int status = -1;
	waitpid(authd, &status, 0);
	is_int(status, 0, "the peer ends cleanly when asked to");
	return tap_done();
}
