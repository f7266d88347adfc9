#include "player.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "../../proto/daemon/log.h"

struct decider player;
uint64_t player_history;
unsigned player_questions;
uint64_t player_since;

static struct upstream upstreams[] = {{.name = "fast", .slots = 100, .acquire_timeout = PLAYER_WAIT},
                                      {.name = "slow", .slots = 1, .acquire_timeout = PLAYER_WAIT}};
static struct target to_fast = {.upstream = 0, .weight = 1}, to_slow = {.upstream = 1, .weight = 1};
static struct target to_either[] = {{.upstream = 0, .weight = 3}, {.upstream = 1, .weight = 1}};
static struct model rows[] = {{.name = "*", .targets = &to_slow, .target_count = 1},
                              {.name = "either", .targets = to_either, .target_count = 2},
                              {.name = "quick", .targets = &to_fast, .target_count = 1}};
static const struct models models = {.upstreams = upstreams, .upstream_count = 2, .models = rows, .model_count = 3};

static struct loop_timer alarm, patience;
static bool (*awaited)(void);
static bool ran_out;
static unsigned settlements, moves;
static struct moved last_move;
static struct take *answer;

/* --- the loop runs until what is awaited is there --- */

static void tick(void *arg)
{
	(void)arg;
	decider_tick(&player);
}

static void ask_history(void)
{
	struct account *account;
	while ((account = decider_ask_history(&player))) {
		player_questions++;
		player_since = account->since;
		decider_history(&player, account->question, player_history);
	}
}

static void after_batch(void *arg)
{
	uint64_t due;
	(void)arg;
	ask_history();
	if (awaited && awaited())
		loop_stop();
	due = decider_due(&player);
	loop_timer_set(&alarm, due > loop_now() ? due - loop_now() : 0);
}

static void run_out(void *arg)
{
	(void)arg;
	ran_out = true;
	loop_stop();
}

static bool wait_until(bool (*condition)(void), uint64_t ms)
{
	awaited = condition;
	ran_out = false;
	loop_timer_set(&patience, ms);
	loop_run();
	loop_timer_clear(&patience);
	return !ran_out;
}

/* --- beginning and end --- */

static bool store_decides(void)
{
	return !player.is_out;
}

static void settled(void *arg, uint64_t id)
{
	(void)arg;
	(void)id;
	settlements++;
}

static void moved(void *arg, const struct move *move, bool done)
{
	(void)arg;
	moves++;
	last_move = (struct moved){done, move->lease};
}

static const struct decider_events events = {settled, moved};

void player_begin(const char *store, const char *password_file)
{
	struct conf_limiterd conf = {.state = "/",
	                             .store = store,
	                             .password_file = password_file,
	                             .outage = "closed",
	                             .deadline = 5000,
	                             .lease_life = PLAYER_LIFE};
	loop_open();
	alarm.expired = tick;
	patience.expired = run_out;
	decider_init(&player, &conf);
	decider_follow(&player, &models, PLAYER_QUEUE);
	loop_after_batch(after_batch, NULL);
	decider_open(&player, &events, NULL);
	if (!wait_until(store_decides, PLAYER_PATIENCE_MS))
		fatalx("the store does not decide: %s", player.reason);
}

void player_end(void)
{
	decider_close(&player);
}

void player_set_slots(unsigned slow)
{
	upstreams[1].slots = slow;
	decider_follow(&player, &models, PLAYER_QUEUE);
}

/* --- takes and leases --- */

uint64_t player_take(const char *key, const char *model, uint64_t tokens, const struct limits *limits)
{
	static uint64_t last;
	struct take *take = take_new();
	take->id = ++last;
	take->limits = *limits;
	take->lease.tokens = tokens;
	take->lease.route = *model ? ROUTE_CHAT : ROUTE_MODELS;
	randombytes_buf(take->lease.id, sizeof(take->lease.id));
	snprintf(take->lease.key_id, sizeof(take->lease.key_id), "%s", key);
	snprintf(take->lease.model, sizeof(take->lease.model), "%s", model);
	decider_take(&player, take);
	return last;
}

static bool has_answer(void)
{
	answer = decider_next(&player);
	return answer != NULL;
}

struct outcome player_next(void)
{
	struct outcome outcome = {0};
	if (!wait_until(has_answer, PLAYER_PATIENCE_MS))
		return outcome;
	outcome = (struct outcome){answer->id,       answer->given,  answer->lease, answer->deny,
	                           answer->requests, answer->tokens, answer->waited};
	take_free(answer);
	return outcome;
}

struct outcome player_ask(const char *key, const char *model, uint64_t tokens, const struct limits *limits)
{
	uint64_t id = player_take(key, model, tokens, limits);
	struct outcome outcome = player_next();
	CHECK(outcome.id == 0 || outcome.id == id);
	return outcome;
}

static unsigned settlements_wanted;

static bool has_settled(void)
{
	return settlements >= settlements_wanted;
}

void player_settle(const struct lease *lease, uint64_t used, bool charged)
{
	settlements_wanted = settlements + 1;
	CHECK(decider_settle(&player, settlements_wanted, lease, used, charged) == WIRE_OK);
	CHECK(wait_until(has_settled, PLAYER_PATIENCE_MS));
}

static bool never(void)
{
	return false;
}

void player_pass(uint64_t ms)
{
	wait_until(never, ms);
}

static unsigned moves_wanted;

static bool has_moved(void)
{
	return moves >= moves_wanted;
}

struct moved player_move(const struct lease *lease, uint8_t target, const char *upstream)
{
	struct move move = {.lease = *lease, .target = target};
	snprintf(move.upstream, sizeof(move.upstream), "%s", upstream);
	moves_wanted = moves + 1;
	decider_move(&player, &move);
	CHECK(wait_until(has_moved, PLAYER_PATIENCE_MS));
	return last_move;
}
