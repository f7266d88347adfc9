#include <stdio.h>
#include <string.h>

#include "../tap/tap.h"
#include "stage.h"

enum { GIVEN_UP = STAGE_LIFE + LIMITER_SLACK_MS };

static const struct limits none;

/* Moves a lease, which is then as it is there. */
static bool move(struct lease *lease, const char *upstream)
{
	struct move asked = {.lease = *lease, .target = strcmp(upstream, "fast") == 0 ? 1 : 0};
	snprintf(asked.upstream, sizeof(asked.upstream), "%s", upstream);
	bool done = limiter_move(&stage, &asked, stage_at);
	*lease = asked.lease;
	return done;
}

static bool in_use(unsigned fast, unsigned slow)
{
	return stage_pool("fast")->in_use == fast && stage_pool("slow")->in_use == slow;
}

static void test_exchange(void)
{
	stage_begin();
	struct lease before = stage_ask(1, "a", "slow", 10, &none).lease, after = before;
	stage_pass(1000);
	ok(move(&after, "fast") && in_use(1, 0), "a lease's slot is exchanged for one elsewhere");
	is_text(after.upstream, "fast", "the lease says where it is");
	is_int(after.target, 1, "and which target that is");
	is_int((long long)(after.expires - stage_at.wall), STAGE_LIFE, "and may be opened there as a fresh one");
	ok(memcmp(after.id, before.id, sizeof(after.id)) == 0 && after.tokens == before.tokens, "it is the same otherwise");
	is_int(stage_account("a")->running, 1, "and counts once");
	ok(move(&after, "fast") && in_use(1, 0), "where it is already it may go again");
	struct lease again = before;
	ok(move(&again, "fast") && in_use(1, 0), "also if it is said of what it was");
	limiter_cancel(&stage, 1, stage_at);
	ok(in_use(1, 0), "edge cannot cancel it any more");
	limiter_keep(&stage, &before, stage_at);
	ok(in_use(1, 0), "a KEEP of what it was changes nothing");
	limiter_settle(&stage, &before, 10, true, stage_at);
	ok(in_use(0, 0), "a SETTLE of what it was frees the slot that it has");
	ok(!move(&after, "slow") && in_use(0, 0), "what is settled is not moved");
	stage_end();
}

static void test_no_slot(void)
{
	stage_begin();
	struct outcome holder = stage_ask(1, "a", "slow", 10, &none);
	struct lease lease = stage_ask(2, "b", "quick", 10, &none).lease, before = lease;
	ok(!move(&lease, "slow") && in_use(1, 1), "without a slot everything stays");
	is_text(lease.upstream, before.upstream, "where it is");
	stage_take(3, "c", "slow", 10, &none);
	limiter_settle(&stage, &holder.lease, 10, true, stage_at);
	struct outcome waiter = stage_next();
	ok(waiter.id == 3 && !move(&lease, "slow"), "who waits for a slot comes first");
	ok(!move(&lease, "gone") && in_use(1, 1), "an upstream that is gone has none");
	stage_ask(4, "c", "quick", 10, &none);
	stage_take(5, "d", "quick", 10, &none);
	limiter_settle(&stage, &waiter.lease, 10, true, stage_at);
	ok(stage_next().id == 0 && move(&lease, "slow"), "when there is one it goes");
	waiter = stage_next();
	ok(waiter.id == 5 && waiter.given && in_use(2, 1), "and who waited where it was gets its slot");
	stage_end();
}

static void test_ends(void)
{
	stage_begin();
	struct lease lease = stage_ask(1, "a", "slow", 10, &none).lease, moved;
	limiter_cancel(&stage, 1, stage_at);
	ok(!move(&lease, "fast") && in_use(0, 0), "what is cancelled is not moved");
	lease = stage_ask(2, "a", "slow", 10, &none).lease;
	stage_pass(GIVEN_UP);
	ok(!move(&lease, "fast") && in_use(0, 0), "nor is what is given up");
	lease = moved = stage_ask(3, "a", "slow", 10, &none).lease;
	stage_pass(GIVEN_UP - 1);
	ok(move(&moved, "fast"), "one that is moved");
	stage_pass(GIVEN_UP - 1);
	ok(in_use(1, 0), "lives as if it were kept");
	stage_pass(1);
	ok(in_use(0, 0), "and no longer");
	limiter_keep(&stage, &moved, stage_at);
	ok(in_use(1, 0), "kept after all it has its slot again");
	stage_end();
}

static void test_adoption(void)
{
	stage_begin();
	struct lease first = stage_ask(1, "a", "slow", 10, &none).lease,
				 second = stage_ask(2, "a", "quick", 10, &none).lease;
	stage_end();
	stage_begin();
	ok(move(&first, "fast") && in_use(1, 0), "after a restart a lease is adopted and moved");
	is_int(stage_account("a")->running, 1, "and counted");
	stage_ask(3, "b", "slow", 10, &none);
	ok(!move(&second, "slow") && in_use(2, 1), "or adopted only");
	limiter_settle(&stage, &first, 10, true, stage_at);
	limiter_settle(&stage, &second, 10, true, stage_at);
	ok(in_use(0, 1) && stage_account("a")->running == 0, "until it is settled");
	stage_end();
}

int main(void)
{
	test_exchange();
	test_no_slot();
	test_ends();
	test_adoption();
	return tap_done();
}
