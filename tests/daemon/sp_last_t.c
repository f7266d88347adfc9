/* What a peer said before it closed is heard, although nothing can be said to it any more. */
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../proto/daemon/log.h"
#include "../../proto/daemon/sp.h"
#include "../tap/tap.h"

enum { PATIENCE_MS = 20000, BACKLOG = 1024 * 1024, MESSAGES = 3 };

static const uint8_t greeting[] = {0, 'S', 'P', 0, 0, SP_PAIR0, 0, 0};
static struct sp sp;
static int far_end;
static unsigned heard, closures;

/* The first message is answered when the peer has said the rest and is gone. */
static void message(void *arg, const uint8_t *bytes, size_t length)
{
	static const uint8_t more[] = {1, 0, 0, 0, 0, 0, 0, 0, 1, 'b', 1, 0, 0, 0, 0, 0, 0, 0, 1, 'c'};
	(void)arg;
	is_int((long long)length, 1, "message %c", bytes[0]);
	if (heard++ > 0)
		return;
	CHECK(write(far_end, more, sizeof(more)) == sizeof(more) && close(far_end) == 0);
	uint8_t *place = sp_reserve(&sp, 1, BACKLOG);
	CHECK(place != NULL);
	*place = 'x';
	sp_commit(&sp, 1);
}

static void nothing(void *arg)
{
	(void)arg;
}

static void closed(void *arg)
{
	(void)arg;
	closures++;
	loop_stop();
}

static void flush(void *arg)
{
	(void)arg;
	sp_flush(&sp);
}

static void out_of_patience(void *arg)
{
	(void)arg;
	ok(false, "done in time");
	loop_stop();
}

int main(void)
{
	static const uint8_t first[] = {1, 0, 0, 0, 0, 0, 0, 0, 1, 'a'};
	static const struct sp_events events = {.opened = nothing, .message = message, .closed = closed};
	struct loop_timer patience = {.expired = out_of_patience};
	int ends[2];
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
	far_end = ends[1];
	log_init("sp_last_t");
	loop_open();
	sp_attach(&sp, ends[0], SP_PAIR0, SP_PAIR0, &events, NULL);
	loop_after_batch(flush, NULL);
	loop_timer_set(&patience, PATIENCE_MS);
	CHECK(write(far_end, greeting, sizeof(greeting)) == sizeof(greeting));
	CHECK(write(far_end, first, sizeof(first)) == sizeof(first));
	loop_run();
	is_int(heard, MESSAGES, "all that the peer said");
	is_int(closures, 1, "then its end is told, once");
	ok(!sp.attached, "and the connection is gone");
	return tap_done();
}
