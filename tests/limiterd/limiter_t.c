#include "../tap/tap.h"
#include "stage.h"

static const struct limits none;

static void test_leases(void)
{
	stage_begin();
	struct outcome quick = stage_ask(1, "a", "quick", 10, &none);
	ok(quick.given, "a request without limits is leased");
	is_text(quick.lease.upstream, "fast", "for the upstream of its model");
	is_int((long long)(quick.lease.expires - stage_at.wall), STAGE_LIFE, "and for the life of a lease");
	ok(limiter_knows(&stage, 1), "its take is known");
	is_text(stage_ask(2, "a", "any", 10, &none).lease.upstream, "slow", "other models go where * goes");
	is_int(stage_pool("fast")->in_use, 1, "a slot is held");
	limiter_settle(&stage, &quick.lease, 5, true, stage_at);
	is_int(stage_pool("fast")->in_use, 0, "until the lease is settled");
	struct outcome list = stage_ask(3, "a", "", 0, &none);
	ok(list.given && list.lease.upstream[0] == '\0', "a list of models needs no slot");
	is_int(stage_account("a")->running, 2, "but counts as a request at one time");
	stage_end();
}

static void test_models(void)
{
	stage_begin();
	struct take *take = take_new();
	*take = (struct take){.id = 1, .lease = {.key_id = "a", .models = "x\ny", .model = "quick"}};
	limiter_take(&stage, take, &none, stage_at);
	struct outcome outcome = stage_next();
	ok(!outcome.given && outcome.deny.reason == LIMIT_MODEL, "a model the key may not use");
	is_int(outcome.deny.retry_after_ms, 0, "is not worth a retry");
	ok(!limiter_knows(&stage, 1), "and leaves no trace");
	take = take_new();
	*take = (struct take){.id = 2, .lease = {.key_id = "a", .models = ""}};
	limiter_take(&stage, take, &none, stage_at);
	ok(stage_next().deny.reason == LIMIT_MODEL, "a chat with no model at all");
	stage_end();
}

static void test_waiting(void)
{
	stage_begin();
	struct limits limits = {.rpm = 10, .tpm = 1000, .concurrency = 2};
	struct outcome first = stage_ask(1, "a", "slow", 100, &limits);
	ok(stage_ask(2, "a", "slow", 100, &limits).id == 0, "without a slot a caller waits");
	is_int(stage_account("a")->running, 2, "holding one of its key's concurrent requests");
	is_int((long long)bucket_level(&stage_account("a")->tokens, stage_at.now).remaining, 800, "and its tokens");
	ok(stage_ask(3, "a", "slow", 100, &limits).deny.reason == LIMIT_CONCURRENCY, "which counts against others");
	stage_pass(100);
	limiter_settle(&stage, &first.lease, 100, true, stage_at);
	struct outcome second = stage_next();
	ok(second.id == 2 && second.given, "it gets the slot that falls free");
	is_int(second.waited, 100, "and is told how long it waited");
	stage_ask(4, "a", "slow", 100, &limits);
	stage_pass(STAGE_WAIT - 1);
	ok(stage_next().id == 0, "it waits its time");
	stage_pass(1);
	struct outcome late = stage_next();
	ok(late.id == 4 && !late.given && late.deny.reason == LIMIT_SLOTS, "and no longer");
	ok(late.deny.limit == 1 && late.deny.used == 1, "the figures are the pool's");
	is_int(stage_account("a")->running, 1, "what it held is returned");
	is_int((long long)bucket_level(&stage_account("a")->tokens, stage_at.now).remaining, 805,
	       "tokens too; time has added some");
	stage_end();
}

static void test_full_queue(void)
{
	stage_begin();
	stage_take(1, "a", "slow", 0, &none);
	for (uint64_t id = 2; id < 2 + STAGE_QUEUE; id++)
		stage_take(id, "a", "slow", 0, &none);
	stage_next();
	struct outcome refused = stage_ask(10, "a", "slow", 0, &none);
	ok(refused.id == 10 && refused.deny.reason == LIMIT_SLOTS, "a full queue refuses at once");
	struct outcome displaced = stage_ask(11, "b", "slow", 0, &none);
	ok(displaced.id == 1 + STAGE_QUEUE && displaced.deny.reason == LIMIT_SLOTS, "or who displaced by another key");
	ok(limiter_knows(&stage, 11), "which waits instead");
	stage_end();
}

static void test_cancel(void)
{
	stage_begin();
	struct limits limits = {.rpm = 1, .tpm = 100, .concurrency = 1, .budget = 100, .period = BUDGET_DAY};
	stage_take(1, "other", "slow", 0, &none);
	stage_next();
	stage_take(2, "a", "slow", 100, &limits);
	struct account *asking = history_ask(&stage.history, stage_at);
	limiter_history(&stage, asking->question, 0, stage_at);
	struct account *a = stage_account("a");
	ok(stage_next().id == 0 && a->running == 1 && a->budget.reserved == 100, "a caller waits for a slot");
	limiter_cancel(&stage, 2, stage_at);
	ok(a->running == 0 && a->budget.reserved == 0 && bucket_is_full(&a->tokens, stage_at.now) &&
	       bucket_is_full(&a->requests, stage_at.now),
	   "when it is gone everything is returned");
	ok(!limiter_knows(&stage, 2) && stage_pool("slow")->waiting == 0, "and it waits no more");
	struct outcome leased = stage_ask(3, "a", "quick", 100, &limits);
	limiter_cancel(&stage, 3, stage_at);
	ok(leased.given && a->running == 0 && a->budget.reserved == 0 && a->budget.used == 0 &&
	       bucket_is_full(&a->tokens, stage_at.now) && stage_pool("fast")->in_use == 0,
	   "a lease that is not used is returned");
	ok(!stage_ask(4, "a", "quick", 100, &limits).given, "but its request stays counted: edge may use it all the same");
	limits.rpm = 100;
	leased = stage_ask(4, "a", "quick", 100, &limits);
	limiter_keep(&stage, &leased.lease, stage_at);
	limiter_cancel(&stage, 4, stage_at);
	is_int(a->running, 1, "one that is in use is not");
	limiter_cancel(&stage, 999, stage_at);
	is_int(a->running, 1, "and an unknown take is nothing");
	stage_end();
}

static void test_edge_gone(void)
{
	stage_begin();
	struct outcome leased = stage_ask(1, "a", "slow", 10, &none);
	stage_take(2, "a", "slow", 10, &none);
	limiter_edge_gone(&stage, stage_at);
	ok(stage_pool("slow")->waiting == 0 && stage_account("a")->running == 1, "with edge its waiting callers are gone");
	ok(!limiter_knows(&stage, 1), "and the ids of its takes");
	limiter_cancel(&stage, 1, stage_at);
	is_int(stage_account("a")->running, 1, "a new edge cannot cancel what the old one took");
	limiter_settle(&stage, &leased.lease, 5, true, stage_at);
	is_int(stage_account("a")->running, 0, "but leases are settled");
	stage_end();
}

static void test_reload(void)
{
	stage_begin();
	stage_set_slots(1);
	stage_ask(1, "a", "quick", 0, &none);
	stage_take(2, "a", "quick", 0, &none);
	ok(stage_next().id == 0, "no slot");
	stage_set_slots(2);
	ok(stage_next().id == 2, "more slots serve who waits");
	stage_end();
}

static void test_changed_limits(void)
{
	stage_begin();
	struct limits limits = {.rpm = 1};
	ok(stage_ask(1, "a", "quick", 0, &limits).given, "one request a minute");
	ok(stage_ask(2, "a", "quick", 0, &limits).deny.reason == LIMIT_REQUESTS, "and no second");
	limits.rpm = 2;
	ok(stage_ask(3, "a", "quick", 0, &limits).given, "a changed grant counts from the next take");
	stage_end();
}

static void test_history(void)
{
	stage_begin();
	struct limits limits = {.budget = 1000, .period = BUDGET_DAY};
	stage_take(1, "a", "quick", 100, &limits);
	stage_take(2, "a", "quick", 100, &limits);
	stage_take(3, "a", "quick", 800, &limits);
	ok(stage_next().id == 0, "who has a budget waits for its history");
	struct account *account = history_ask(&stage.history, stage_at);
	is_text(account->key_id, "a", "which is asked for");
	is_int((long long)account->since, (long long)budget_period_start(BUDGET_DAY, stage_at.wall), "since its period");
	ok(history_ask(&stage.history, stage_at) == NULL, "once");
	limiter_history(&stage, account->question + 1, 0, stage_at);
	ok(stage_next().id == 0, "an answer to another question is nothing");
	limiter_history(&stage, account->question, 150, stage_at);
	ok(stage_next().given && stage_next().given, "then they go on in their order");
	struct outcome third = stage_next();
	ok(third.id == 3 && third.deny.reason == LIMIT_BUDGET && third.deny.used == 350, "as far as the budget goes");
	ok(stage_ask(4, "a", "quick", 650, &limits).deny.reason != LIMIT_BUDGET, "the next need not wait");
	stage_end();
}

static void test_no_history(void)
{
	stage_begin();
	struct limits limits = {.budget = 1000, .period = BUDGET_DAY};
	stage_take(1, "a", "quick", 100, &limits);
	uint64_t question = history_ask(&stage.history, stage_at)->question;
	stage_pass(HISTORY_WAIT_MS);
	struct outcome refused = stage_next();
	ok(refused.id == 1 && refused.deny.reason == LIMIT_UNAVAILABLE, "without history in time the answer is no");
	ok(refused.deny.retry_after_ms > 0, "for now");
	limiter_history(&stage, question, 0, stage_at);
	stage_take(2, "a", "quick", 100, &limits);
	ok(stage_next().id == 0, "a late answer is nobody's");
	ok(history_ask(&stage.history, stage_at) != NULL, "the next caller asks again");
	limiter_cancel(&stage, 2, stage_at);
	ok(stage.history.count == 0 && stage_account("a")->asking == 0, "one that is gone waits no more");
	stage_take(3, "a", "quick", 100, &limits);
	ok(history_ask(&stage.history, stage_at) != NULL, "and takes its question along");
	history_lost(&stage.history);
	ok(history_ask(&stage.history, stage_at) != NULL, "a lost question is asked again");
	stage_end();
}

static void test_history_of_another_period(void)
{
	stage_begin();
	struct limits limits = {.budget = 1000, .period = BUDGET_DAY};
	uint64_t midnight = budget_period_end(BUDGET_DAY, stage_at.wall);
	stage_pass(midnight - stage_at.wall - 1);
	stage_take(1, "a", "quick", 100, &limits);
	struct account *account = history_ask(&stage.history, stage_at);
	stage_pass(2);
	limiter_history(&stage, account->question, 1000, stage_at);
	ok(stage_next().id == 0, "what was used yesterday does not count today");
	account = history_ask(&stage.history, stage_at);
	ok(account && account->since == midnight, "so it is asked again");
	limiter_history(&stage, account->question, 0, stage_at);
	ok(stage_next().given, "and goes on");
	stage_end();
}

static void test_lists_cost_nothing(void)
{
	stage_begin();
	struct limits limits = {.tpm = 100, .budget = 100, .period = BUDGET_DAY};
	ok(stage_ask(1, "a", "", 0, &limits).given, "a list of models needs no history");
	stage_take(2, "a", "quick", 100, &limits);
	struct account *account = history_ask(&stage.history, stage_at);
	limiter_history(&stage, account->question, 0, stage_at);
	struct outcome outcome = stage_next();
	limiter_settle(&stage, &outcome.lease, 500, true, stage_at);
	ok(stage_ask(3, "a", "quick", 1, &limits).deny.reason == LIMIT_TOKENS, "who is in debt gets no more tokens");
	ok(stage_ask(4, "a", "", 0, &limits).given, "but the list of models");
	stage_end();
}

static void test_too_many_asking(void)
{
	stage_begin();
	struct limits limits = {.budget = 1000, .period = BUDGET_DAY};
	for (uint64_t id = 1; id <= HISTORY_WAITING_MAX; id++)
		stage_take(id, "a", "quick", 1, &limits);
	ok(stage_next().id == 0, "many may wait for history");
	ok(stage_ask(5000, "a", "quick", 1, &limits).deny.reason == LIMIT_UNAVAILABLE, "not any number");
	stage_end();
}

/* A limiterd that was stopped for minutes finds all of them late at once. */
static void test_answered_account_stays(void)
{
	stage_begin();
	stage_ask(1, "a", "slow", 0, &none);
	stage_take(2, "b", "slow", 0, &none);
	stage_pass(2 * ACCOUNT_IDLE_MS);
	struct take *late = limiter_next(&stage);
	ok(late && late->id == 2 && late->deny.reason == LIMIT_SLOTS, "a long pause ends the wait for a slot");
	is_int(stage.accounts.count, 2, "the account that an answer names is not forgotten before it");
	take_free(late);
	stage_pass(2 * ACCOUNT_IDLE_MS);
	is_int(stage.accounts.count, 0, "but the next time");
	stage_end();
}

int main(void)
{
	test_leases();
	test_models();
	test_waiting();
	test_full_queue();
	test_cancel();
	test_edge_gone();
	test_reload();
	test_changed_limits();
	test_history();
	test_no_history();
	test_history_of_another_period();
	test_lists_cost_nothing();
	test_too_many_asking();
	test_answered_account_stays();
	return tap_done();
}
