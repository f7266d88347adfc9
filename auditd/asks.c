#include "asks.h"

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "upkeep.h"

enum {
	ASKS_MAX = 4096,
	RETRY_MS = 1000 /* after the store could not say */
};

struct ask {
	uint64_t id;
	struct usage_ask ask;
	struct segment_place until; /* what the store must have for it */
};

static struct store *store;
static struct ipc_link *limiterd;
static struct ask asks[ASKS_MAX]; /* a ring */
static size_t first, count;
static size_t due;     /* of the first ones it is known until where the store must be */
static bool asking;    /* the store is asked about the first one, */
static bool forgotten; /* which nobody wants to know any more */
static struct loop_timer retry;

static void tell(uint64_t id, const struct usage_total *total)
{
	struct wire_out *out = ipc_begin(limiterd, MSG_USAGE_TOTAL, 0, id);
	if (!out)
		return;
	usage_total_encode(out, total);
	ipc_end(limiterd);
}

static void told(void *arg, struct store_rows *rows, const char *error)
{
	struct usage_total total;
	(void)arg;
	asking = false;
	if (forgotten)
		return;
	if (!rows || !store_next_total(rows, &total)) {
		log_warn("usage-unknown", "key=%s reason=%s", log_text(asks[first].ask.key_id),
		         log_text(rows ? store_failure(rows) : error));
		loop_timer_set(&retry, RETRY_MS);
		return;
	}
	tell(asks[first].id, &total);
	first = (first + 1) % ASKS_MAX;
	count--;
	due--;
}

/* Whether the store has what the first question is about. */
static bool can_ask(void)
{
	const struct segment_place *until = &asks[first].until;
	if (count == 0 || asking || loop_timer_armed(&retry))
		return false;
	if (!upkeep_has(until))
		upkeep_catch_up(1);
	return upkeep_has(until);
}

/* After a batch of events, when all records that came before a question are committed. */
static void ask_all(void *arg)
{
	(void)arg;
	while (due < count)
		asks[(first + due++) % ASKS_MAX].until = upkeep_end();
	while (can_ask()) {
		asking = true;
		forgotten = false;
		store_total(store, asks[first].ask.key_id, asks[first].ask.since, told, NULL);
	}
}

void asks_open(struct store *about)
{
	store = about;
	retry.expired = ask_all;
	loop_after_batch(ask_all, NULL);
}

enum wire_error asks_take(struct ipc_link *link, uint64_t id, const struct usage_ask *ask)
{
	if (ask->since > RECORD_TIME_MAX)
		return WIRE_BAD_VALUE;
	if (count == ASKS_MAX)
		return WIRE_BUSY;
	limiterd = link;
	asks[(first + count++) % ASKS_MAX] = (struct ask){.id = id, .ask = *ask};
	return WIRE_OK;
}

void asks_forget(void)
{
	count = due = 0;
	forgotten = true;
}
