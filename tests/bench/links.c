/*
 * A lone question and answer over a link: through libnng, and through the links of proto/daemon.
 * Prints microseconds of time and of processor time for each round trip, both ends together.
 */
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../proto/daemon/ipc.h"
#include "../../proto/daemon/log.h"
#include "../../proto/daemon/loop.h"

enum { ROUNDS = 20000 };

static struct ipc_link *link_;
static unsigned done;
static uint64_t started;

static enum wire_error answer(void *arg, const struct wire_frame *frame)
{
	(void)arg;
	return ipc_send_empty(link_, MSG_HEALTH, frame->id) == 0 ? WIRE_OK : WIRE_BUSY;
}

static void ask(void *arg)
{
	(void)arg;
	started = loop_micros();
	ipc_send_empty(link_, MSG_HEALTH_ASK, done);
}

static enum wire_error ask_again(void *arg, const struct wire_frame *frame)
{
	(void)arg;
	(void)frame;
	if (++done == ROUNDS)
		loop_stop();
	else
		ipc_send_empty(link_, MSG_HEALTH_ASK, done);
	return WIRE_OK;
}

static void run_ours(enum wire_role me)
{
	static const struct ipc_events edge = {.frame = ask_again, .up = ask}, authd = {.frame = answer};
	log_init("bench");
	log_level_set(LOG_LEVEL_ERROR);
	loop_open();
	link_ = ipc_open(LINK_EDGE_AUTHD, me, me == ROLE_EDGE ? &edge : &authd, NULL);
	loop_run();
	ipc_close();
}

static void run_nng(enum wire_role me)
{
	nng_socket pair;
	nng_msg *message;
	int result = nng_pair0_open(&pair);
	if (me == ROLE_AUTHD)
		result |= nng_listen(pair, "ipc://nng", NULL, 0);
	else
		result |= nng_dial(pair, "ipc://nng", NULL, NNG_FLAG_NONBLOCK);
	result |= nng_msg_alloc(&message, WIRE_HEADER_SIZE);
	if (result != 0)
		exit(1);
	started = loop_micros();
	while (me == ROLE_AUTHD && nng_recvmsg(pair, &message, 0) == 0 && nng_sendmsg(pair, message, 0) == 0)
		continue;
	for (; done < ROUNDS; done++)
		if (nng_sendmsg(pair, message, 0) != 0 || nng_recvmsg(pair, &message, 0) != 0)
			exit(1);
	nng_close(pair);
}

static double used_us(int who)
{
	struct rusage use;
	getrusage(who, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

static _Noreturn void measure(const char *name, void (*run)(enum wire_role))
{
	pid_t authd = fork();
	if (authd == 0) {
		run(ROLE_AUTHD);
		exit(0);
	}
	run(ROLE_EDGE);
	double wall = (double)(loop_micros() - started);
	kill(authd, SIGTERM);
	waitpid(authd, NULL, 0);
	double cpu = used_us(RUSAGE_SELF) + used_us(RUSAGE_CHILDREN);
	printf("%-22s %6.1f us a round trip, %6.1f us of processor time\n", name, wall / ROUNDS, cpu / ROUNDS);
	exit(0);
}

static void measure_apart(const char *name, void (*run)(enum wire_role))
{
	pid_t pid = fork();
	if (pid == 0)
		measure(name, run);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	char directory[] = "/tmp/heimgate-links-XXXXXX";
	if (!mkdtemp(directory) || chdir(directory) < 0)
		return 1;
	measure_apart("libnng", run_nng);
	measure_apart("proto/daemon/ipc.c", run_ours);
	return 0;
}
