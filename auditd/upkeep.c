#include "upkeep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"

enum {
	GATHER_MS = 100, /* records go to the store together */
	BREATHE_MS = 1,  /* between slices */
	RETRY_MS = 1000, /* after the store failed */
	EXPIRE_MS = 3600 * 1000,
	MONTH_DAYS = 31 /* usage is kept at least so long: budgets of a month begin with it */
};

static struct journal *journal;
static struct store *store;
static struct follower *follower;
static uint64_t retention; /* days */
static struct loop_timer follow_timer, expire_timer;
static bool was_well = true;

/* Rows of the store still to be removed. */
static struct {
	bool under_way;
	uint64_t seq, day;
} expiry;

static void note_state(void)
{
	const struct follower_state *state = follower_state(follower);
	if (was_well && !state->well)
		log_error("store-failed", "reason=%s", log_text(state->error));
	if (!was_well && state->well)
		log_info("store-well-again", "seq=%" PRIu64, state->seq);
	was_well = state->well;
}

static int follow(void)
{
	int result = follower_step(follower);
	note_state();
	return result;
}

static int expire_rows(void)
{
	char error[STORE_ERROR_SIZE];
	int result = store_expire(store, expiry.seq, expiry.day, error);
	if (result < 0)
		log_warn("store-not-expired", "reason=%s", log_text(error));
	expiry.under_way = result > 0;
	return result;
}

static void work(void *arg)
{
	(void)arg;
	int result = follow();
	if (result == 0 && expiry.under_way)
		result = expire_rows();
	if (result != 0)
		loop_timer_set(&follow_timer, result > 0 ? BREATHE_MS : RETRY_MS);
}

static uint64_t days_ago(uint64_t days)
{
	uint64_t today = loop_wall() / RECORD_DAY_MS;
	return today > days ? today - days : 0;
}

static void expire(void *arg)
{
	(void)arg;
	uint64_t span = retention * RECORD_DAY_MS;
	int removed = journal_expire(journal, loop_wall() > span ? loop_wall() - span : 0);
	if (removed < 0)
		log_warn("journal-not-expired", "reason=%s", log_text(strerror(errno)));
	else if (removed > 0)
		log_info("journal-expired", "segments=%d", removed);
	expiry.under_way = true;
	expiry.seq = journal_oldest(journal);
	expiry.day = days_ago(retention > MONTH_DAYS ? retention : MONTH_DAYS);
	loop_timer_set(&expire_timer, EXPIRE_MS);
	upkeep_wake();
}

void upkeep_open(struct journal *from, struct store *into, uint64_t days)
{
	journal = from;
	store = into;
	follower = follower_new(from, into);
	retention = days;
	follow_timer.expired = work;
	expire_timer.expired = expire;
	loop_timer_set(&expire_timer, 0);
	follow();
}

void upkeep_wake(void)
{
	if (!loop_timer_armed(&follow_timer))
		loop_timer_set(&follow_timer, GATHER_MS);
}

bool upkeep_catch_up(unsigned slices)
{
	int result = 1;
	while (slices-- > 0 && result > 0 && follower_state(follower)->well)
		result = follow();
	if (result != 0)
		upkeep_wake();
	return result == 0;
}

uint64_t upkeep_seq(void)
{
	return follower_state(follower)->seq;
}

void upkeep_health(struct health_part *part)
{
	const struct follower_state *state = follower_state(follower);
	uint64_t behind = journal_seq(journal) - state->seq;
	*part = (struct health_part){.name = "store", .well = state->well};
	if (!state->well)
		snprintf(part->text, sizeof(part->text), "%.*s", HEALTH_TEXT_MAX, state->error);
	else if (behind > 0)
		snprintf(part->text, sizeof(part->text), "%" PRIu64 " records behind the journal", behind);
}
