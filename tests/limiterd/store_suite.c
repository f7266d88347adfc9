/*
 * What must hold wherever limits are counted: usage store-suite STORE
 * PASSWORD_FILE, for store_t.py.
 */
#include <sodium.h>
#include <string.h>

#include "../../proto/daemon/log.h"
#include "../tap/tap.h"
#include "player.h"

enum { GIVEN_UP = PLAYER_LIFE + LIMITER_SLACK_MS };

static const struct limits none;

static bool is_denied(struct outcome outcome, enum limit_reason reason, uint64_t limit, uint64_t used,
                      uint64_t requested)
{
	const struct limit_deny *deny = &outcome.deny;
	return outcome.id != 0 && !outcome.given && deny->reason == reason && deny->limit == limit && deny->used == used &&
	       deny->requested == requested;
}

static bool is_about(uint64_t value, uint64_t wanted, uint64_t slack)
{
	return value <= wanted && value + slack >= wanted;
}

static void test_leases(void)
{
	struct outcome quick = player_ask("leases", "quick", 10, &none);
	ok(quick.given, "a request without limits is leased");
	is_text(quick.lease.upstream, "fast", "for the upstream of its model");
	ok(is_about(loop_wall() + PLAYER_LIFE, quick.lease.expires, 0) || quick.lease.expires > loop_wall(),
	   "for the life of a lease");
	ok(quick.requests.limit == 0 && quick.tokens.limit == 0, "whose levels are of no limit");
	ok(decider_knows(&player, quick.id), "its take is known");
	is_text(player_ask("leases", "", 0, &none).lease.upstream, "", "a list of models needs no slot");
	player_settle(&quick.lease, 5, true);
	struct outcome refused = player_ask("leases", "quick", 10, &(struct limits){.concurrency = 1});
	ok(is_denied(refused, LIMIT_CONCURRENCY, 1, 1, 1), "but counts as a request at one time");
}

static void test_requests(void)
{
	struct limits limits = {.rpm = 2};
	struct outcome first = player_ask("requests", "quick", 10, &limits);
	ok(first.given && first.requests.limit == 2 && first.requests.remaining == 1,
	   "of two requests a minute one is left");
	ok(is_about(first.requests.reset_ms, 30000, 1000), "for half a minute");
	player_settle(&first.lease, 10, true);
	struct outcome second = player_ask("requests", "quick", 10, &limits), third;
	player_settle(&second.lease, 10, true);
	third = player_ask("requests", "quick", 10, &limits);
	ok(is_denied(third, LIMIT_REQUESTS, 2, 2, 1), "the third is refused");
	ok(is_about(third.deny.retry_after_ms, 30000, 2000), "until one has come back");
	limits.rpm = 3;
	third = player_ask("requests", "quick", 10, &limits);
	ok(third.given && third.requests.remaining == 0, "a greater limit counts from the next take");
	player_settle(&third.lease, 10, false);
	ok(player_ask("requests", "quick", 0, &limits).given, "a request that was not made costs none");
}

static void test_tokens(void)
{
	struct limits limits = {.tpm = 1000};
	struct outcome first = player_ask("tokens", "quick", 400, &limits);
	ok(first.given && first.tokens.limit == 1000 && first.tokens.remaining == 600, "what it may cost is taken first");
	player_settle(&first.lease, 100, true);
	struct outcome second = player_ask("tokens", "quick", 100, &limits);
	ok(is_about(second.tokens.remaining, 805, 5), "and corrected to what it cost");
	ok(is_denied(player_ask("tokens", "quick", 1001, &limits), LIMIT_TOKENS, 1000,
	             1000 - player_ask("tokens", "", 0, &limits).tokens.remaining, 1001),
	   "more than there can ever be is refused");
	player_settle(&second.lease, 1500, true);
	struct outcome third = player_ask("tokens", "quick", 1, &limits);
	ok(is_denied(third, LIMIT_TOKENS, 1000, 1000, 1), "what it cost beyond is a debt");
	ok(is_about(third.deny.retry_after_ms, 36060, 3000), "to be paid before the next");
	ok(player_ask("tokens", "", 0, &limits).given, "but lists of models are free");
	limits.tpm = 10000;
	ok(is_about(player_ask("tokens", "quick", 1, &limits).tokens.remaining, 8450, 100), "what was used stays used");
}

static void test_concurrency(void)
{
	struct limits limits = {.rpm = 100, .tpm = 10000, .concurrency = 2};
	struct outcome first = player_ask("both", "quick", 10, &limits), second = player_ask("both", "quick", 10, &limits);
	for (int i = 0; i < 5; i++)
		ok(is_denied(player_ask("both", "quick", 10, &limits), LIMIT_CONCURRENCY, 2, 2, 1), "two at one time");
	player_settle(&first.lease, 10, true);
	struct outcome third = player_ask("both", "quick", 10, &limits);
	ok(third.given && third.requests.remaining == 97 && is_about(third.tokens.remaining, 9975, 5),
	   "refusals have cost nothing");
	player_settle(&second.lease, 10, true);
	player_settle(&third.lease, 10, true);
}

static void test_budget(void)
{
	struct limits limits = {.budget = 1000, .period = BUDGET_MONTH};
	player_history = 150;
	player_questions = 0;
	struct outcome first = player_ask("budget", "quick", 100, &limits),
				   second = player_ask("budget", "quick", 200, &limits);
	ok(first.given && second.given && player_questions == 1, "history is asked once");
	ok(player_since == budget_period_start(BUDGET_MONTH, loop_wall()), "what was used since the period began");
	ok(is_denied(player_ask("budget", "quick", 551, &limits), LIMIT_BUDGET, 1000, 450, 551),
	   "it and what is reserved count");
	ok(player_ask("budget", "", 0, &limits).given, "but for lists of models");
	player_settle(&first.lease, 30, true);
	player_settle(&second.lease, 200, false);
	struct outcome refused = player_ask("budget", "quick", 821, &limits);
	ok(is_denied(refused, LIMIT_BUDGET, 1000, 180, 821) && refused.deny.retry_after_ms == 0,
	   "then what was really used");
	first = player_ask("budget", "quick", 820, &limits);
	ok(first.given, "to the last token");
	player_settle(&first.lease, 2000000000, true);
	ok(is_denied(player_ask("budget", "quick", 1, &limits), LIMIT_BUDGET, 1000, 180 + BUCKET_COST_MAX, 1),
	   "an absurd use is charged as the greatest there is");
	player_history = 7;
	limits.period = BUDGET_DAY;
	ok(is_denied(player_ask("budget", "quick", 1001, &limits), LIMIT_BUDGET, 1000, 7, 1001),
	   "another period counts anew");
	ok(player_since == budget_period_start(BUDGET_DAY, loop_wall()), "from when it began");
	player_history = 0;
}

static void test_generations(void)
{
	struct limits limits = {.rpm = 5};
	struct outcome outcome = player_ask("old", "", 0, &limits);
	struct lease later = outcome.lease;
	is_int((long long)outcome.requests.limit, 5, "a grant brings its limits");
	struct take *take = take_new();
	*take = (struct take){.id = 900000, .limits = {.rpm = 50}, .lease = later};
	take->lease.generation = 7;
	take->lease.id[0] ^= 1;
	decider_take(&player, take);
	is_int((long long)player_next().requests.limit, 50, "a later one others");
	is_int((long long)player_ask("old", "", 0, &limits).requests.limit, 50, "which an earlier one does not bring back");
}

static void test_slots(void)
{
	struct outcome first = player_ask("a", "slow", 10, &none);
	ok(first.given, "there is a slot");
	uint64_t second = player_take("a", "slow", 10, &none), third = player_take("a", "slow", 10, &none);
	uint64_t other = player_take("b", "slow", 10, &none);
	player_pass(60);
	player_settle(&first.lease, 10, true);
	struct outcome next = player_next();
	ok(next.given && next.id == second && next.waited >= 50, "who waits for it gets it when it falls free");
	player_settle(&next.lease, 10, true);
	next = player_next();
	ok(next.given && next.id == other, "keys take turns");
	struct outcome late = player_next();
	ok(late.id == third && is_denied(late, LIMIT_SLOTS, 1, 1, 1), "who gets none in time is refused");
	ok(late.deny.retry_after_ms > 0, "for now");
	player_settle(&next.lease, 10, true);
	ok(player_ask("a", "slow", 10, &none).given, "and holds nothing");
	player_set_slots(2);
	next = player_ask("a", "slow", 10, &none);
	ok(next.given, "a reload brings more slots");
	player_take("a", "slow", 10, &none);
	player_set_slots(3);
	ok(player_next().given, "also for who waits");
	player_set_slots(1);
}

/* All that test_slots() left is given up by then. */
static void test_queue(void)
{
	player_pass(GIVEN_UP + 100);
	struct outcome holder = player_ask("a", "slow", 10, &none);
	uint64_t ids[PLAYER_QUEUE];
	for (int i = 0; i < PLAYER_QUEUE; i++)
		ids[i] = player_take("a", "slow", 10, &none);
	player_pass(50);
	ok(player_ask("a", "slow", 10, &none).deny.reason == LIMIT_SLOTS, "a full queue refuses at once");
	uint64_t other = player_take("b", "slow", 10, &none);
	struct outcome displaced = player_next();
	ok(displaced.id == ids[PLAYER_QUEUE - 1] && displaced.deny.reason == LIMIT_SLOTS,
	   "or who is displaced by another key");
	decider_cancel(&player, ids[0]);
	decider_cancel(&player, other);
	ok(!decider_knows(&player, other), "who is gone waits no more");
	player_settle(&holder.lease, 10, true);
	struct outcome next = player_next();
	ok(next.id == ids[1] && next.given, "the next one does");
	player_take("a", "slow", 10, &none);
	player_pass(50);
	decider_edge_gone(&player);
	ok(!decider_knows(&player, next.id), "with edge all takes are gone");
	player_settle(&next.lease, 10, true);
	ok(player_ask("b", "slow", 10, &none).given, "and wait for nothing");
}

static void test_cancel(void)
{
	struct limits limits = {.rpm = 2, .tpm = 100000, .concurrency = 1, .budget = 1000, .period = BUDGET_DAY};
	struct outcome leased = player_ask("cancel", "quick", 600, &limits);
	decider_cancel(&player, leased.id);
	struct outcome again = player_ask("cancel", "quick", 600, &limits);
	ok(again.given && again.tokens.remaining == 99400, "a lease that is not used is returned");
	ok(again.requests.remaining == 0, "but its request stays counted");
	decider_keep(&player, &again.lease);
	decider_cancel(&player, again.id);
	limits.rpm = 100;
	ok(is_denied(player_ask("cancel", "quick", 1, &limits), LIMIT_CONCURRENCY, 1, 1, 1), "one that is in use is not");
	player_settle(&again.lease, 10, true);
	decider_keep(&player, &leased.lease);
	ok(is_denied(player_ask("cancel", "quick", 1, &limits), LIMIT_CONCURRENCY, 1, 1, 1),
	   "one that is used all the same counts again");
	player_settle(&leased.lease, 40, true);
	ok(is_denied(player_ask("cancel", "quick", 951, &limits), LIMIT_BUDGET, 1000, 50, 951), "and is charged");
}

static void test_settling(void)
{
	struct limits limits = {.concurrency = 1, .budget = 1000, .period = BUDGET_DAY};
	struct outcome outcome = player_ask("settling", "quick", 100, &limits);
	player_settle(&outcome.lease, 30, true);
	player_settle(&outcome.lease, 30, true);
	decider_keep(&player, &outcome.lease);
	ok(is_denied(player_ask("settling", "quick", 1000, &limits), LIMIT_BUDGET, 1000, 30, 1000),
	   "a lease is settled once, and does not come back");
	struct lease unknown = outcome.lease;
	randombytes_buf(unknown.id, sizeof(unknown.id));
	decider_keep(&player, &unknown);
	ok(is_denied(player_ask("settling", "quick", 1, &limits), LIMIT_CONCURRENCY, 1, 1, 1),
	   "a lease that nobody knows is adopted when it is kept");
	player_settle(&unknown, 20, true);
	randombytes_buf(unknown.id, sizeof(unknown.id));
	player_settle(&unknown, 7, true);
	ok(is_denied(player_ask("settling", "quick", 1000, &limits), LIMIT_BUDGET, 1000, 57, 1000), "or settled");
}

/* One wait for several leases of which nothing is heard. */
static void test_silence(void)
{
	struct limits limits = {.tpm = 100000, .budget = 10000, .period = BUDGET_DAY};
	struct outcome unused = player_ask("silence", "quick", 100, &limits),
				   kept = player_ask("silence", "slow", 1000, &limits);
	decider_keep(&player, &kept.lease);
	player_pass(GIVEN_UP / 2);
	ok(player_ask("other", "slow", 1, &none).deny.reason == LIMIT_SLOTS, "a slot is held");
	player_pass(GIVEN_UP / 2);
	struct outcome next = player_ask("other", "slow", 1, &none);
	ok(next.given, "until its lease is given up");
	ok(is_denied(player_ask("silence", "quick", 10000, &limits), LIMIT_BUDGET, 10000, 1000, 10000),
	   "one that was kept is charged what it had reserved, one that was not is not");
	decider_keep(&player, &kept.lease);
	ok(is_denied(player_ask("silence", "quick", 10000, &limits), LIMIT_BUDGET, 10000, 1000, 10000),
	   "kept after all, it is reserved instead");
	player_settle(&kept.lease, 250, true);
	player_settle(&unused.lease, 50, true);
	player_settle(&unused.lease, 50, true);
	ok(is_denied(player_ask("silence", "quick", 10000, &limits), LIMIT_BUDGET, 10000, 300, 10000),
	   "and both are charged what they used, once");
	player_settle(&next.lease, 1, true);
}

static bool holds(const char *model)
{
	struct outcome outcome = player_ask("prober", model, 1, &none);
	if (outcome.given)
		player_settle(&outcome.lease, 1, true);
	return !outcome.given && outcome.deny.reason == LIMIT_SLOTS;
}

static void test_targets(void)
{
	unsigned fast = 0;
	struct outcome outcomes[8];
	for (int i = 0; i < 8; i++) {
		outcomes[i] = player_ask("targets", "either", 1, &none);
		fast += strcmp(outcomes[i].lease.upstream, "fast") == 0;
		player_settle(&outcomes[i].lease, 1, true);
	}
	is_int(fast, 6, "targets have their shares");
	for (int i = 0; i < 8; i++)
		outcomes[i] = player_ask("targets", "either", 1, &none);
	for (int i = 0; i < 8; i++)
		fast += outcomes[i].given && strcmp(outcomes[i].lease.upstream, "fast") == 0;
	is_int(fast, 6 + 7, "as far as they have slots");
	for (int i = 0; i < 8; i++)
		player_settle(&outcomes[i].lease, 1, true);
	for (int i = 0; i < 4; i++) {
		struct limits limits = {.rpm = 1};
		struct outcome outcome = player_ask("denied", "either", 1, &limits);
		ok(outcome.given == (i == 0), "one of four is admitted");
		if (outcome.given)
			player_settle(&outcome.lease, 1, true);
	}
	outcomes[0] = player_ask("targets", "either", 1, &none);
	outcomes[1] = player_ask("targets", "either", 1, &none);
	outcomes[2] = player_ask("targets", "either", 1, &none);
	fast = 0;
	for (int i = 0; i < 3; i++) {
		fast += strcmp(outcomes[i].lease.upstream, "fast") == 0;
		player_settle(&outcomes[i].lease, 1, true);
	}
	is_int(fast, 2, "and who is refused has had no turn");
	CHECK(news_available(&player.targets.news, "fast", false) == WIRE_OK);
	outcomes[0] = player_ask("targets", "either", 1, &none);
	is_text(outcomes[0].lease.upstream, "slow", "one that is not available gets nothing");
	news_forget(&player.targets.news);
	player_settle(&outcomes[0].lease, 1, true);
}

static void test_moves(void)
{
	struct limits limits = {.rpm = 100, .tpm = 100000, .concurrency = 1, .budget = 1000, .period = BUDGET_DAY};
	struct lease before = player_ask("moves", "either", 100, &limits).lease;
	if (strcmp(before.upstream, "slow") != 0)
		ok(player_move(&before, 1, "slow").done, "a lease is moved to where there is a slot");
	ok(holds("slow"), "which it has then");
	struct moved moved = player_move(&before, 1, "slow");
	ok(moved.done && moved.lease.target == 1, "it may be moved to where it is");
	is_text(moved.lease.upstream, "slow", "and says where that is");
	struct outcome other = player_ask("moves-too", "quick", 1, &none);
	ok(!player_move(&other.lease, 1, "slow").done, "a target of another model is none of its own");
	player_settle(&other.lease, 1, true);
	other = player_ask("moves-too", "either", 1, &none);
	ok(!player_move(&other.lease, 1, "slow").done, "without a slot it stays where it is");
	ok(!player_move(&other.lease, 1, "fast").done && !player_move(&other.lease, 2, "slow").done,
	   "targets must be right");
	decider_keep(&player, &before);
	decider_keep(&player, &moved.lease);
	struct moved back = player_move(&before, 0, "fast");
	ok(back.done && strcmp(back.lease.upstream, "fast") == 0, "it goes on from where it is, whatever is said of it");
	ok(!holds("slow"), "and gives its slot back");
	moved = player_move(&back.lease, 1, "slow");
	decider_keep(&player, &back.lease);
	ok(is_denied(player_ask("moves", "quick", 1, &limits), LIMIT_CONCURRENCY, 1, 1, 1), "it counts once");
	player_settle(&back.lease, 30, true);
	ok(!holds("slow"), "settled by what it was before, it frees the slot that it has");
	ok(is_denied(player_ask("moves", "quick", 1000, &limits), LIMIT_BUDGET, 1000, 30, 1000), "and is charged once");
	ok(!player_move(&moved.lease, 0, "fast").done, "and is not moved any more");
	player_settle(&moved.lease, 30, true);
	ok(is_denied(player_ask("moves", "quick", 1000, &limits), LIMIT_BUDGET, 1000, 30, 1000), "nor settled again");
	player_settle(&other.lease, 1, true);
}

static void test_moving_late(void)
{
	struct outcome cancelled = player_ask("moves-late", "either", 1, &none);
	decider_cancel(&player, cancelled.id);
	ok(!player_move(&cancelled.lease, 1, "slow").done, "what is cancelled is not moved");
	struct outcome silent = player_ask("moves-late", "either", 1, &none), waiter;
	if (strcmp(silent.lease.upstream, "slow") != 0)
		silent.lease = player_move(&silent.lease, 1, "slow").lease;
	uint64_t id = player_take("waits", "slow", 1, &none);
	player_pass(50);
	struct moved gone = player_move(&silent.lease, 0, "fast");
	waiter = player_next();
	ok(gone.done && waiter.id == id && waiter.given, "who waits for the slot that a lease leaves gets it");
	player_settle(&waiter.lease, 1, true);
	player_pass(GIVEN_UP + 100);
	ok(!player_move(&gone.lease, 1, "slow").done, "what is given up is not moved");
	player_settle(&gone.lease, 1, true);
	struct lease unknown = gone.lease;
	randombytes_buf(unknown.id, sizeof(unknown.id));
	struct moved adopted = player_move(&unknown, 1, "slow");
	ok(adopted.done && holds("slow"), "what nobody knows is adopted and moved");
	player_settle(&unknown, 1, true);
	ok(!holds("slow"), "and settled");
}

int main(int argc, char **argv)
{
	log_init("store-suite");
	CHECK(argc == 3);
	player_begin(argv[1], argv[2]);
	test_leases();
	test_requests();
	test_tokens();
	test_concurrency();
	test_budget();
	test_generations();
	test_slots();
	test_queue();
	test_cancel();
	test_settling();
	test_silence();
	test_targets();
	test_moves();
	test_moving_late();
	player_end();
	return tap_done();
}
