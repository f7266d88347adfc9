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
	EXPIRE_MS = 3600 * 1000
};

static struct journal *journal;
static struct store *store;
static struct follower *follower;
static uint64_t retention; /* days */
static struct loop_timer follow_timer, expire_timer;
static bool was_well = true;
static int last_result;
static bool closing;

/* Rows of the store still to be removed. */
static struct {
	bool under_way;
	bool asked; /* the store is at it */
	uint64_t oldest;
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

static void expired(void *arg, bool more, const char *error)
{
	(void)arg;
	expiry.asked = false;
	expiry.under_way = more;
	if (error)
		log_warn("store-not-expired", "reason=%s", log_text(error));
	if (more)
		loop_timer_set(&follow_timer, BREATHE_MS);
}

static void expire_some(void)
{
	expiry.asked = true;
	store_expire(store, loop_wall() / RECORD_DAY_MS, expiry.oldest, expired, NULL);
}

/* Old rows go while there is nothing new to add.  Whatever was committed during the step has woken nobody. */
static void stepped(void *arg, int result)
{
	struct segment_place end = journal_end(journal);
	(void)arg;
	last_result = result;
	if (closing)
		return;
	note_state();
	if (result != 0)
		loop_timer_set(&follow_timer, result > 0 ? BREATHE_MS : RETRY_MS);
	else if (!upkeep_has(&end))
		upkeep_wake();
	else if (expiry.under_way && !expiry.asked)
		expire_some();
}

static void work(void *arg)
{
	(void)arg;
	follower_step(follower);
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
	expiry.oldest = journal_oldest(journal);
	loop_timer_set(&expire_timer, EXPIRE_MS);
	upkeep_wake();
}

void upkeep_open(struct journal *from, struct store *into, uint64_t days)
{
	journal = from;
	store = into;
	follower = follower_new(from, into, stepped, NULL);
	retention = days;
	follow_timer.expired = work;
	expire_timer.expired = expire;
	loop_timer_set(&expire_timer, 0);
	follower_step(follower);
}

void upkeep_close(void)
{
	closing = true;
}

void upkeep_free(void)
{
	follower_free(follower);
}

void upkeep_wake(void)
{
	if (!loop_timer_armed(&follow_timer))
		loop_timer_set(&follow_timer, GATHER_MS);
}

void upkeep_look(void)
{
	loop_timer_set(&follow_timer, 0);
}

void upkeep_catch_up(unsigned slices)
{
	last_result = 1;
	while (slices-- > 0 && last_result > 0 && follower_state(follower)->well && !follower_is_busy(follower))
		follower_step(follower);
}

struct segment_place upkeep_end(void)
{
	return journal_end(journal);
}

bool upkeep_has(const struct segment_place *place)
{
	return !segment_before(&follower_state(follower)->place, place);
}

/* Strangers may read this: why it is not well may name where it is, which only the log says. */
void upkeep_health(struct health_part *part)
{
	const struct follower_state *state = follower_state(follower);
	uint64_t behind = journal_seq(journal) - state->seq;
	*part = (struct health_part){.name = "store", .well = state->well};
	if (!state->well)
		snprintf(part->text, sizeof(part->text), "it takes no records now; %" PRIu64 " wait in the journal", behind);
	else if (behind > 0)
		snprintf(part->text, sizeof(part->text), "%" PRIu64 " records behind the journal", behind);
}
