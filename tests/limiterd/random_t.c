/*
 * Random takes, cancels, keeps, moves, settles and pauses, by several keys at once.  After every step the sums must
 * agree and no limit may be overrun; after the last lease is settled nothing may be held.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tap/tap.h"
#include "stage.h"

enum { KEYS = 4, LEASES = 64, STEPS = 30000, SEEDS = 3 };

static const struct {
	const char *name;
	struct limits limits;
} keys[KEYS] = {
	{"free", {0}},
	{"rated", {.rpm = 200, .tpm = 20000, .concurrency = 3}},
	{"daily", {.rpm = 600, .concurrency = 2, .budget = 200000, .period = BUDGET_DAY}},
	{"monthly", {.tpm = 50000, .budget = 1000000, .period = BUDGET_MONTH}},
};

static struct outcome leases[LEASES]; /* not settled yet; id 0: none */
static bool kept[LEASES];
static uint64_t next_id, last_denied, began;
static uint64_t requests[KEYS], tokens[KEYS]; /* charged, and not returned */
static unsigned given, denied, broken;

static void expect(bool good, const char *what, size_t key)
{
	if (!good && broken++ < 10)
		printf("# %s: %s\n", keys[key].name, what);
}

static uint64_t below(uint64_t limit)
{
	return (uint64_t)rand() % limit;
}

static size_t key_of(const struct lease *lease)
{
	size_t key = 0;
	while (strcmp(keys[key].name, lease->key_id) != 0)
		key++;
	return key;
}

static void collect(void)
{
	struct outcome outcome;
	while ((outcome = stage_next()).id != 0) {
		size_t place = 0;
		while (place < LEASES && leases[place].id != 0)
			place++;
		if (!outcome.given) {
			denied++;
			last_denied = outcome.id;
			continue;
		}
		given++;
		requests[key_of(&outcome.lease)]++;
		if (place < LEASES) {
			leases[place] = outcome;
			kept[place] = false;
		} else {
			limiter_settle(&stage, &outcome.lease, 0, true, stage_at);
		}
	}
}

static void tell_history(void)
{
	struct account *account;
	while ((account = history_ask(&stage.history, stage_at)))
		limiter_history(&stage, account->question, 0, stage_at);
}

/* Everything a request could consume. */
struct holdings {
	struct limit_level requests, tokens;
	uint64_t running, used, reserved;
};

static struct holdings look(size_t key)
{
	struct account *account = stage_account(keys[key].name);
	struct holdings holdings = {
		.running = account->running, .used = account->budget.used, .reserved = account->budget.reserved};
	account_levels(account, stage_at.now, &holdings.requests, &holdings.tokens);
	return holdings;
}

static void check_same(size_t key, struct holdings a, struct holdings b)
{
	expect(a.running == b.running && a.used == b.used && a.reserved == b.reserved &&
	           a.requests.remaining == b.requests.remaining && a.requests.reset_ms == b.requests.reset_ms &&
	           a.tokens.remaining == b.tokens.remaining && a.tokens.reset_ms == b.tokens.reset_ms,
	       "a refusal consumes nothing", key);
}

static void step_take(void)
{
	static const char *const models[] = {"quick", "slow", ""};
	size_t key = below(KEYS);
	const char *model = models[below(3)];
	struct holdings before = look(key);
	stage_take(++next_id, keys[key].name, model, *model ? below(300) : 0, &keys[key].limits);
	tell_history();
	collect();
	if (last_denied == next_id)
		check_same(key, before, look(key));
}

static void step_cancel(void)
{
	uint64_t id = 1 + next_id - below(next_id < 8 ? next_id + 1 : 8);
	for (size_t i = 0; i < LEASES; i++) {
		if (leases[i].id != id || kept[i])
			continue;
		requests[key_of(&leases[i].lease)]--;
		leases[i].id = 0;
	}
	limiter_cancel(&stage, id, stage_at);
}

static void keep(size_t place)
{
	if (leases[place].id == 0)
		return;
	limiter_keep(&stage, &leases[place].lease, stage_at);
	kept[place] = true;
}

static void step_keep(void)
{
	keep(below(LEASES));
}

/* Half of the time the lease as it was before is the one that is spoken of later. */
static void step_move(void)
{
	size_t place = below(LEASES);
	struct move move = {.lease = leases[place].lease, .target = 0};
	if (leases[place].id == 0 || move.lease.upstream[0] == '\0')
		return;
	snprintf(move.upstream, sizeof(move.upstream), "%s", below(2) ? "fast" : "slow");
	bool moved = limiter_move(&stage, &move, stage_at);
	kept[place] = kept[place] || moved;
	if (moved && below(2))
		leases[place].lease = move.lease;
}

static void settle(struct outcome *outcome)
{
	size_t key = key_of(&outcome->lease);
	bool charged = below(10) > 0;
	uint64_t used = below(outcome->lease.tokens + 1);
	limiter_settle(&stage, &outcome->lease, used, charged, stage_at);
	if (below(5) == 0)
		limiter_settle(&stage, &outcome->lease, used, charged, stage_at);
	tokens[key] += charged ? used : 0;
	requests[key] -= !charged;
	outcome->id = 0;
}

static void step_settle(void)
{
	size_t place = below(LEASES);
	if (leases[place].id != 0)
		settle(&leases[place]);
}

/* Never long enough for a lease to be given up: those that are kept late make their own sums, in lease_t. */
static void step_pass(void)
{
	for (size_t i = 0; i < LEASES; i++)
		keep(i);
	stage_pass(below(200));
	collect();
}

/* What the open rows of the ledger hold together. */
struct sums {
	uint32_t running[KEYS];
	uint64_t reserved[KEYS];
	unsigned in_use;
};

static void add_row(struct sums *sums, const struct ledger_row *row, uint64_t reserved)
{
	size_t key = 0;
	while (strcmp(keys[key].name, row->account->key_id) != 0)
		key++;
	sums->running[key]++;
	sums->reserved[key] += reserved;
	sums->in_use += row->pool != NULL;
}

static struct sums add_up(void)
{
	struct sums sums = {0};
	const struct ledger_row *row;
	for (row = TAILQ_FIRST(&stage.ledger.leased); row; row = TAILQ_NEXT(row, place))
		add_row(&sums, row, row->tokens);
	for (row = TAILQ_FIRST(&stage.ledger.waiting); row; row = TAILQ_NEXT(row, place))
		add_row(&sums, row, row->take->lease.tokens);
	return sums;
}

static uint64_t gained(uint32_t limit)
{
	return limit + limit * (stage_at.now - began) / 60000 + 1;
}

static void check_key(size_t key, const struct sums *sums)
{
	const struct limits *limits = &keys[key].limits;
	struct account *account = stage_account(keys[key].name);
	expect(account->running == sums->running[key], "running is the sum of what runs", key);
	expect(account->budget.reserved == sums->reserved[key], "reserved is the sum of reservations", key);
	expect(limits->concurrency == 0 || account->running <= limits->concurrency, "concurrency is kept", key);
	expect(limits->period == BUDGET_NONE || account->budget.used + account->budget.reserved <= limits->budget,
	       "the budget is kept", key);
	expect(account->budget.used == tokens[key] || limits->period == BUDGET_NONE, "used is what was charged", key);
	expect(limits->rpm == 0 || requests[key] <= gained(limits->rpm), "requests per minute are kept", key);
	expect(limits->tpm == 0 || tokens[key] <= gained(limits->tpm), "tokens per minute are kept", key);
}

static void check(void)
{
	struct sums sums = add_up();
	const struct pool *fast = stage_pool("fast"), *slow = stage_pool("slow");
	for (size_t key = 0; key < KEYS; key++)
		check_key(key, &sums);
	expect(fast->in_use <= fast->slots && slow->in_use <= slow->slots, "slots are kept", 0);
	expect(fast->in_use + slow->in_use == sums.in_use, "slots in use are the leases that hold one", 0);
	expect(fast->waiting <= STAGE_QUEUE && slow->waiting <= STAGE_QUEUE, "queues are bounded", 0);
}

static void run(void)
{
	static void (*const steps[])(void) = {step_take,   step_take, step_take, step_settle, step_settle,
	                                      step_settle, step_keep, step_pass, step_cancel, step_move};
	memset(requests, 0, sizeof(requests));
	memset(tokens, 0, sizeof(tokens));
	began = stage_at.now;
	for (size_t key = 0; key < KEYS; key++)
		account_set_limits(stage_account(keys[key].name), &keys[key].limits, 0, stage_at);
	for (int i = 0; i < STEPS; i++) {
		steps[below(sizeof(steps) / sizeof(*steps))]();
		collect();
		check();
	}
}

static void finish(void)
{
	while (stage.ledger.open_count > 0) {
		for (size_t i = 0; i < LEASES; i++)
			if (leases[i].id != 0)
				settle(&leases[i]);
		stage_pass(STAGE_WAIT);
		collect();
	}
	check();
	expect(stage_pool("fast")->in_use == 0 && stage_pool("slow")->in_use == 0, "no slot is left in use", 0);
	expect(stage_pool("fast")->waiting == 0 && stage_pool("slow")->waiting == 0, "nobody is left waiting", 0);
	for (size_t key = 0; key < KEYS; key++)
		expect(stage_account(keys[key].name)->running == 0, "nothing is left running", key);
	stage_pass(60000);
	for (size_t key = 0; key < KEYS; key++)
		expect(bucket_is_full(&stage_account(keys[key].name)->tokens, stage_at.now), "buckets fill up again", key);
}

int main(void)
{
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		srand(seed);
		broken = given = denied = 0;
		stage_begin();
		run();
		finish();
		stage_end();
		is_int(broken, 0, "seed %u: the sums agree and no limit is overrun", seed);
		ok(given > STEPS / 20 && denied > STEPS / 20, "seed %u: %u leases, %u refusals", seed, given, denied);
	}
	return tap_done();
}
