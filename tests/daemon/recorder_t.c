/* Records on their way to an auditd that is not there, is silent, dies, has no room, refuses and acknowledges. */
#include "../../proto/daemon/recorder.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../proto/daemon/ipc.h"
#include "../../proto/daemon/log.h"
#include "../../proto/daemon/loop.h"
#include "../tap/tap.h"

enum { LOOK_MS = 5, PATIENCE_MS = 20000, REFUSED = 422, BUSY_ONCE = 503 };

/* What the far side saw, and what it is to do. */
static struct shared {
	uint64_t ids[3 * RECORDER_WINDOW]; /* of the frames, as they came */
	size_t count;
	unsigned busy;
	struct audit_record last;
	volatile bool acknowledge_even, acknowledge_odd;
} * shared;

static char directory[] = "/tmp/heimgate-recorder-XXXXXX";
static int guns[2][2];
static pid_t auditds[2];

/* --- the far side: auditd's --- */

static struct ipc_link *proxyd;
static uint64_t odd[RECORDER_WINDOW];
static size_t odd_count;
static struct loop_timer odd_timer;

static void acknowledge_odd(void *arg)
{
	(void)arg;
	for (; shared->acknowledge_odd && odd_count > 0; odd_count--)
		ipc_send_empty(proxyd, MSG_AUDIT_ACK, odd[odd_count - 1]);
	loop_timer_set(&odd_timer, LOOK_MS);
}

static enum wire_error take(void *arg, const struct wire_frame *frame)
{
	struct wire_in in;
	(void)arg;
	wire_in_init(&in, frame->body, frame->length);
	enum wire_error error = audit_record_decode(&in, &shared->last);
	shared->ids[shared->count++] = frame->id;
	if (error != WIRE_OK || shared->last.status == REFUSED)
		return error != WIRE_OK ? error : WIRE_BAD_VALUE;
	if (shared->last.status == BUSY_ONCE && shared->busy++ == 0)
		return WIRE_BUSY;
	if (frame->id % 2 == 1)
		odd[odd_count++] = frame->id;
	else if (shared->acknowledge_even)
		ipc_send_empty(proxyd, MSG_AUDIT_ACK, frame->id);
	return WIRE_OK;
}

static void run_auditd(int gun)
{
	static const struct ipc_events events = {.frame = take};
	char byte;
	if (read(gun, &byte, 1) != 1)
		_exit(0);
	log_init("auditd");
	log_level_set(LOG_LEVEL_ERROR);
	loop_open();
	ipc_enter(directory);
	proxyd = ipc_open(LINK_PROXYD_AUDITD, ROLE_AUDITD, &events, NULL);
	odd_timer.expired = acknowledge_odd;
	loop_timer_set(&odd_timer, LOOK_MS);
	loop_run();
	_exit(0);
}

/* Both are forked before nng's threads exist, and start when they are told to. */
static void fork_auditds(void)
{
	for (int i = 0; i < 2; i++) {
		CHECK(pipe(guns[i]) == 0);
		auditds[i] = fork();
		if (auditds[i] == 0) {
			close(guns[i][1]);
			run_auditd(guns[i][0]);
		}
		close(guns[i][0]);
	}
}

static void start_auditd(int which)
{
	shared->count = 0;
	CHECK(write(guns[which][1], "", 1) == 1);
}

/* --- the near side: proxyd's --- */

static void put(uint16_t status)
{
	struct audit_record record = {.kind = AUDIT_REQUEST, .status = status};
	CHECK(recorder_put(&record));
}

static bool came_in_order(void)
{
	for (size_t i = 0; i < RECORDER_WINDOW; i++)
		if (shared->ids[i] != i + 1)
			return false;
	return true;
}

static bool fill(void)
{
	struct audit_record record = {.kind = AUDIT_REQUEST};
	for (int i = 0; i < RECORDER_WINDOW; i++)
		put(200);
	is_int(recorder_room(), 0, "a full window has no room");
	ok(!recorder_put(&record) && !recorder_put(&record), "and takes no more");
	struct recorder_state state = recorder_state();
	is_int(state.waiting, RECORDER_WINDOW, "what it has waits");
	is_int((long long)state.dropped, 2, "what it had no room for is counted");
	ok(!state.up, "auditd is not there");
	start_auditd(0);
	return true;
}

static bool silent(void)
{
	if (shared->count < RECORDER_WINDOW)
		return false;
	ok(came_in_order(), "an auditd that comes gets all of them, in order");
	is_int(recorder_state().waiting, RECORDER_WINDOW, "as long as it says nothing they wait on");
	ok(recorder_state().up, "it is there");
	kill(auditds[0], SIGKILL);
	waitpid(auditds[0], NULL, 0);
	return true;
}

static bool died(void)
{
	if (recorder_state().up)
		return false;
	ok(true, "it is gone");
	shared->acknowledge_even = true;
	start_auditd(1);
	return true;
}

static bool half_acknowledged(void)
{
	if (recorder_state().waiting > RECORDER_WINDOW / 2)
		return false;
	ok(came_in_order(), "its successor gets all of them again, in order");
	is_int((long long)shared->count, RECORDER_WINDOW, "each once");
	is_int(recorder_state().waiting, RECORDER_WINDOW / 2, "those it acknowledged wait no more");
	is_int(recorder_room(), 0, "but the oldest one still holds its place");
	shared->acknowledge_odd = true;
	return true;
}

static bool all_acknowledged(void)
{
	if (recorder_state().waiting > 0)
		return false;
	is_int(recorder_room(), RECORDER_WINDOW, "with all acknowledged there is room again");
	shared->count = 0;
	put(200);
	return true;
}

static bool filled_in(void)
{
	static const uint8_t none[RECORD_ID_SIZE];
	if (recorder_state().waiting > 0)
		return false;
	is_int((long long)shared->ids[0], RECORDER_WINDOW + 1, "the next record has the next number");
	ok(memcmp(shared->last.id, none, sizeof(none)) != 0, "an id was made for it");
	ok(shared->last.time > UINT64_C(1600000000000), "and its time is now");
	put(REFUSED);
	return true;
}

static bool refused(void)
{
	if (recorder_state().waiting > 0)
		return false;
	is_int((long long)recorder_state().dropped, 3, "a record that auditd refuses is counted as lost");
	put(BUSY_ONCE);
	return true;
}

static bool busy(void)
{
	if (recorder_state().waiting > 0)
		return false;
	is_int(shared->busy, 2, "one it had no room for is sent again");
	is_int((long long)recorder_state().dropped, 3, "and not lost");
	return true;
}

static bool (*const steps[])(void) = {fill,      silent,  died, half_acknowledged, all_acknowledged,
                                      filled_in, refused, busy};
static size_t step;
static struct loop_timer look_timer, patience;

static void look(void *arg)
{
	(void)arg;
	if (steps[step]())
		step++;
	if (step == sizeof(steps) / sizeof(steps[0]))
		loop_stop();
	else
		loop_timer_set(&look_timer, LOOK_MS);
}

static void out_of_patience(void *arg)
{
	(void)arg;
	ok(false, "step %zu done in time", step);
	loop_stop();
}

int main(void)
{
	char command[64];
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED && mkdtemp(directory));
	fork_auditds();
	log_init("proxyd");
	log_level_set(LOG_LEVEL_ERROR);
	loop_open();
	ipc_enter(directory);
	recorder_open(LINK_PROXYD_AUDITD, ROLE_PROXYD);
	look_timer.expired = look;
	patience.expired = out_of_patience;
	loop_timer_set(&look_timer, 0);
	loop_timer_set(&patience, PATIENCE_MS);
	loop_run();
	kill(auditds[1], SIGKILL);
	ipc_close();
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	ok(system(command) == 0, "nothing is left over");
	return tap_done();
}
