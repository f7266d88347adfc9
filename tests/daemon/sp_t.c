/* What waits for a full socket leaves when there is room, however busy the loop is. */
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../proto/daemon/log.h"
#include "../../proto/daemon/sp.h"
#include "../tap/tap.h"

enum { BURST = 1024, ROUNDS = 4096, PIECE = 1024, BACKLOG = 8 * 1024 * 1024 };

static struct sp sp;
static int far_end, never_empty[2];
static unsigned rounds;
static bool overflowed;

static void put(unsigned pieces)
{
	for (unsigned i = 0; i < pieces; i++) {
		uint8_t *place = sp_reserve(&sp, PIECE, BACKLOG);
		overflowed = overflowed || !place;
		if (!place)
			return;
		memset(place, 0, PIECE);
		sp_commit(&sp, PIECE);
	}
}

/* The far end reads more in every batch than is added in it. */
static void busy(void *arg, uint32_t events)
{
	static uint8_t bytes[64 * PIECE];
	(void)arg;
	(void)events;
	put(rounds == 0 ? BURST : 1);
	while (rounds > 0 && recv(far_end, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		continue;
	if (++rounds == ROUNDS)
		loop_stop();
}

static void flush(void *arg)
{
	(void)arg;
	sp_flush(&sp);
}

static void nothing(void *arg)
{
	(void)arg;
}

static void closed(void *arg)
{
	(void)arg;
	ok(false, "the connection stays");
}

int main(void)
{
	static const struct sp_events events = {.opened = nothing, .closed = closed};
	struct loop_watch watch = {.ready = busy};
	int ends[2];
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0 && pipe(never_empty) == 0);
	CHECK(write(never_empty[1], "", 1) == 1);
	far_end = ends[1];
	log_init("sp_t");
	loop_open();
	watch.fd = never_empty[0];
	CHECK(loop_watch(&watch, EPOLLIN) == 0);
	sp_attach(&sp, ends[0], SP_PAIR0, SP_PAIR0, &events, NULL);
	loop_after_batch(flush, NULL);
	loop_run();
	ok(!overflowed, "the queue is never full");
	ok(sp.out.length < (size_t)BURST * PIECE, "what came in a burst has left");
	sp_detach(&sp);
	return tap_done();
}
