/* The life of a lease: given, kept, settled, given up, taken up again. */
#include "../tap/tap.h"
#include "stage.h"

static const struct limits limits = {.rpm = 10, .tpm = 1000, .concurrency = 4, .budget = 10000, .period = BUDGET_DAY};

enum { GIVEN_UP = STAGE_LIFE + LIMITER_SLACK_MS };

static struct account *account;

static struct outcome lease(uint64_t id)
{
	stage_begin();
	stage_take(id, "a", "quick", 100, &limits);
	account = history_ask(&stage.history, stage_at);
	limiter_history(&stage, account->question, 0, stage_at);
	return stage_next();
}

static uint64_t remaining(void)
{
	return bucket_level(&account->tokens, stage_at.now).remaining;
}

static bool holds_nothing(void)
{
	return account->running == 0 && account->budget.reserved == 0 && stage_pool("fast")->in_use == 0;
}

static void test_settle(void)
{
	struct outcome outcome = lease(1);
	is_int((long long)account->budget.reserved, 100, "a lease has reserved its tokens");
	is_int(limiter_settle(&stage, &outcome.lease, 30, true, stage_at), WIRE_OK, "it is settled");
	ok(holds_nothing() && account->budget.used == 30 && remaining() == 970, "with what was really used");
	is_int(limiter_settle(&stage, &outcome.lease, 30, true, stage_at), WIRE_OK, "a second time is fine");
	ok(account->budget.used == 30 && remaining() == 970, "and changes nothing");
	is_int(limiter_keep(&stage, &outcome.lease, stage_at), WIRE_OK, "nor is a KEEP after it a mistake");
	ok(holds_nothing() && stage.ledger.open_count == 0, "that would bring it back");
	stage_end();
}

static void test_not_charged(void)
{
	struct outcome outcome = lease(1);
	limiter_settle(&stage, &outcome.lease, 30, false, stage_at);
	ok(holds_nothing() && account->budget.used == 0 && remaining() == 1000, "not charged: as if never made");
	ok(bucket_is_full(&account->requests, stage_at.now), "the request as well");
	stage_end();
}

static void test_absurd_use(void)
{
	struct outcome outcome = lease(1);
	limiter_settle(&stage, &outcome.lease, UINT64_MAX, true, stage_at);
	ok(account->budget.used == BUCKET_COST_MAX, "an absurd use is charged as the greatest there is");
	stage_end();
}

static void test_never_used(void)
{
	lease(1);
	stage_pass(GIVEN_UP - 1);
	is_int(account->running, 1, "a lease is held while it may still be opened");
	stage_pass(1);
	ok(holds_nothing() && account->budget.used == 0 && remaining() == 1000, "then it is returned whole");
	stage_end();
}

static void test_kept(void)
{
	struct outcome outcome = lease(1);
	for (int i = 0; i < 20; i++) {
		stage_pass(1000);
		limiter_keep(&stage, &outcome.lease, stage_at);
	}
	ok(account->running == 1 && stage_pool("fast")->in_use == 1, "a lease in use is held as long as it is kept");
	stage_pass(GIVEN_UP);
	ok(holds_nothing(), "and no longer");
	is_int((long long)account->budget.used, 100, "what it had reserved is charged");
	stage_end();
}

static void test_late_keep(void)
{
	struct outcome outcome = lease(1);
	limiter_keep(&stage, &outcome.lease, stage_at);
	stage_pass(GIVEN_UP);
	ok(holds_nothing() && account->budget.used == 100, "a lease given up and charged");
	limiter_keep(&stage, &outcome.lease, stage_at);
	ok(account->running == 1 && stage_pool("fast")->in_use == 1, "is taken up again when it is kept after all");
	ok(account->budget.used == 0 && account->budget.reserved == 100, "and is charged when it ends");
	limiter_settle(&stage, &outcome.lease, 40, true, stage_at);
	ok(holds_nothing() && account->budget.used == 40, "once");
	stage_end();
}

static void test_late_settle(void)
{
	struct outcome outcome = lease(1), other = stage_ask(2, "a", "quick", 100, &limits);
	limiter_settle(&stage, &other.lease, 500, true, stage_at);
	stage_pass(GIVEN_UP);
	limiter_settle(&stage, &outcome.lease, 40, true, stage_at);
	ok(holds_nothing() && account->budget.used == 540, "a lease returned and settled all the same is charged");
	limiter_settle(&stage, &outcome.lease, 40, true, stage_at);
	ok(holds_nothing() && account->budget.used == 540, "once");
	stage_end();
	outcome = lease(2);
	limiter_cancel(&stage, 2, stage_at);
	limiter_settle(&stage, &outcome.lease, 40, true, stage_at);
	ok(holds_nothing() && account->budget.used == 40, "so is one that was cancelled and used");
	stage_end();
}

static void test_adoption(void)
{
	struct outcome outcome = lease(1);
	stage_end();
	stage_begin();
	is_int(limiter_keep(&stage, &outcome.lease, stage_at), WIRE_OK, "after a restart a lease in use is adopted");
	account = stage_account("a");
	ok(account->running == 1 && stage_pool("fast")->in_use == 1, "with its slot and its place");
	limiter_keep(&stage, &outcome.lease, stage_at);
	is_int(account->running, 1, "once");
	stage_take(2, "a", "quick", 100, &limits);
	ok(history_ask(&stage.history, stage_at) == account, "the key's budget is not known yet");
	limiter_history(&stage, account->question, 9850, stage_at);
	struct outcome refused = stage_next();
	ok(refused.deny.reason == LIMIT_BUDGET && refused.deny.used == 9950, "what the adopted lease reserved counts");
	limiter_settle(&stage, &outcome.lease, 20, true, stage_at);
	ok(holds_nothing() && account->budget.used == 9870, "until it is settled");
	stage_end();
}

static void test_adopted_settle(void)
{
	struct outcome outcome = lease(1);
	stage_end();
	stage_begin();
	is_int(limiter_settle(&stage, &outcome.lease, 20, true, stage_at), WIRE_OK,
	       "a lease may be settled after a restart");
	limiter_settle(&stage, &outcome.lease, 20, true, stage_at);
	account = stage_account("a");
	ok(holds_nothing() && account->budget.used == 20, "once");
	stage_take(2, "a", "quick", 100, &limits);
	history_ask(&stage.history, stage_at);
	limiter_history(&stage, account->question, 20, stage_at);
	is_int((long long)account->budget.used, 20, "history has it already, so it is not counted twice");
	stage_end();
}

static void test_more_slots_than_there_are(void)
{
	struct outcome leases[3];
	stage_begin();
	stage_set_slots(3);
	for (uint64_t i = 0; i < 3; i++)
		leases[i] = stage_ask(i + 1, "b", "quick", 0, &(struct limits){0});
	stage_end();
	stage_begin();
	for (int i = 0; i < 3; i++)
		limiter_keep(&stage, &leases[i].lease, stage_at);
	is_int(stage_pool("fast")->in_use, 3, "adopted leases may be more than the slots");
	stage_take(4, "b", "quick", 0, &(struct limits){0});
	limiter_settle(&stage, &leases[0].lease, 0, true, stage_at);
	ok(stage_next().id == 0, "others wait until there is room");
	limiter_settle(&stage, &leases[1].lease, 0, true, stage_at);
	ok(stage_next().given, "which there is now");
	stage_end();
}

static void test_due(void)
{
	lease(1);
	stage_pass(0);
	is_int((long long)(limiter_due(&stage) - stage_at.now), GIVEN_UP, "the next thing to do is to give it up");
	stage_take(2, "a", "slow", 0, &limits);
	stage_take(3, "a", "slow", 0, &limits);
	is_int((long long)(limiter_due(&stage) - stage_at.now), STAGE_WAIT, "or to tell a caller that it waited in vain");
	stage_take(4, "c", "slow", 0, &limits);
	is_int((long long)(limiter_due(&stage) - stage_at.now), STAGE_WAIT, "whichever is first");
	stage_end();
}

int main(void)
{
	test_settle();
	test_not_charged();
	test_absurd_use();
	test_never_used();
	test_kept();
	test_late_keep();
	test_late_settle();
	test_adoption();
	test_adopted_settle();
	test_more_slots_than_there_are();
	test_due();
	return tap_done();
}
