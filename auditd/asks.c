#include "asks.h"

#include <string.h>

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
};

static struct store *store;
static struct ipc_link *limiterd;
static struct ask asks[ASKS_MAX];
static size_t count;
static struct loop_timer retry;

/* -1: the store cannot say. */
static int answer(const struct ask *ask)
{
	char error[STORE_ERROR_SIZE];
	struct usage_total total;
	if (store_total(store, ask->ask.key_id, ask->ask.since, &total, error) < 0) {
		log_warn("usage-unknown", "key=%s reason=%s", log_text(ask->ask.key_id), log_text(error));
		return -1;
	}
	struct wire_out *out = ipc_begin(limiterd, MSG_USAGE_TOTAL, 0, ask->id);
	if (!out)
		return 0;
	usage_total_encode(out, &total);
	ipc_end(limiterd);
	return 0;
}

static void answer_all(void *arg)
{
	size_t done = 0;
	(void)arg;
	if (count == 0 || loop_timer_armed(&retry) || !upkeep_catch_up(1))
		return;
	while (done < count && answer(&asks[done]) == 0)
		done++;
	count -= done;
	memmove(asks, asks + done, count * sizeof(*asks));
	if (count > 0)
		loop_timer_set(&retry, RETRY_MS);
}

void asks_open(struct store *about)
{
	store = about;
	retry.expired = answer_all;
	loop_after_batch(answer_all, NULL);
}

enum wire_error asks_take(struct ipc_link *link, uint64_t id, const struct usage_ask *ask)
{
	if (ask->since > RECORD_TIME_MAX)
		return WIRE_BAD_VALUE;
	if (count == ASKS_MAX)
		return WIRE_BUSY;
	limiterd = link;
	asks[count++] = (struct ask){id, *ask};
	return WIRE_OK;
}

void asks_forget(void)
{
	count = 0;
}
