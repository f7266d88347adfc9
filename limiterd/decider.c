#include "decider.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/resolver.h"
#include "../proto/daemon/sandbox.h"
#include "decider_private.h"

static const struct {
	const char *name;
	const char *effect;
} policies[] = {
	[DECIDER_LOCAL] = {"local", "limits are this host's alone"},
	[DECIDER_CLOSED] = {"closed", "calls are refused"},
	[DECIDER_OPEN] = {"open", "only slots are limited"},
};

struct instant decider_now(void)
{
	return (struct instant){.now = loop_now(), .wall = loop_wall()};
}

/* --- outages --- */

static void go_by_policy(struct decider *decider, struct take *take)
{
	static const struct limits none;
	if (decider->policy == DECIDER_LOCAL)
		limiter_take(&decider->limiter, take, &take->limits, decider_now());
	else if (decider->policy == DECIDER_OPEN)
		limiter_take(&decider->limiter, take, &none, decider_now());
	else
		limiter_refuse(&decider->limiter, take, decider_now());
}

static void tell(struct decider *decider)
{
	if (!decider->is_told)
		log_warn("redis-lost", "reason=%s outage=%s", log_text(decider->reason), policies[decider->policy].name);
	decider->is_told = true;
}

static void begin_outage(struct decider *decider)
{
	struct take *take;
	decider->is_out = true;
	decider->out_since = loop_wall();
	tell(decider);
	limiter_doubt(&decider->limiter);
	while ((take = shared_reclaim(&decider->shared)))
		go_by_policy(decider, take);
	shared_leave_moves(&decider->shared);
}

/* What is in use here would else be heard of with its next KEEP. */
static void keep_there(struct decider *decider)
{
	const struct ledger_row *row = TAILQ_FIRST(&decider->limiter.ledger.leased);
	for (; row; row = TAILQ_NEXT(row, place)) {
		struct counted lease = {.tokens = row->tokens};
		if (row->state != LEDGER_KEPT)
			continue;
		memcpy(lease.id, row->lease_id, sizeof(lease.id));
		snprintf(lease.key_id, sizeof(lease.key_id), "%s", row->account->key_id);
		snprintf(lease.upstream, sizeof(lease.upstream), "%s", row->pool ? row->pool->name : "");
		shared_keep(&decider->shared, &lease);
	}
}

static void end_outage(struct decider *decider)
{
	struct take *take;
	decider->is_out = decider->is_told = false;
	log_info("redis-decides", "after_ms=%llu", (unsigned long long)(loop_wall() - decider->out_since));
	keep_there(decider);
	while ((take = limiter_reclaim(&decider->limiter, decider_now())))
		shared_take(&decider->shared, take);
}

static void failed(struct decider *decider, const char *reason)
{
	snprintf(decider->reason, sizeof(decider->reason), "%s", reason);
	decider->failures++;
	if (!decider->is_out && decider->failures >= DECIDER_FAILURES_MAX)
		begin_outage(decider);
}

static void works(struct decider *decider)
{
	decider->failures = 0;
	decider->heard_at = loop_now();
}

static bool heard(void *arg, const char *reason)
{
	struct decider *decider = arg;
	if (reason)
		failed(decider, reason);
	else
		works(decider);
	return !decider->is_out;
}

static void undecided(void *arg, struct take *take)
{
	go_by_policy(arg, take);
}

static void moved(void *arg, const struct move *move, bool done)
{
	const struct decider *decider = arg;
	decider->events->moved(decider->arg, move, done);
}

static void unmoved(void *arg, struct move *move)
{
	decider_move_here(arg, move);
}

/* --- probes --- */

static void probe_answered(void *arg, const redisReply *reply, const char *error)
{
	struct decider *decider = arg;
	uint64_t took = loop_now() - decider->probed_at;
	decider->probed_at = 0;
	bool done = reply && reply->type == REDIS_REPLY_INTEGER;
	decider->counted_alone = decider->counted_alone || (!done && decider->telling_of_it);
	if (!done || took > decider->shared.deadline) {
		failed(decider, done ? shared_lateness(&decider->shared) : error ? error : COUNTERS_NONSENSE);
		return;
	}
	works(decider);
	settling_send(&decider->settling);
	if (decider->is_out)
		end_outage(decider);
}

static void send_probe(struct decider *decider)
{
	decider->probed_at = loop_now();
	decider->telling_of_it = decider->counted_alone;
	decider->counted_alone = false;
	counters_join(decider->redis, decider->telling_of_it, probe_answered, decider);
}

static void probe(void *arg)
{
	struct decider *decider = arg;
	bool is_fresh = !decider->is_out && loop_now() - decider->heard_at < DECIDER_PROBE_MS;
	loop_timer_set(&decider->probe, DECIDER_PROBE_MS);
	if (!redis_is_up(decider->redis))
		return;
	if (decider->probed_at == 0 && is_fresh)
		settling_send(&decider->settling);
	else if (decider->probed_at == 0)
		send_probe(decider);
	else if (loop_now() - decider->probed_at >= DECIDER_SILENCE_MAX_MS)
		redis_reconnect(decider->redis, "does not answer");
	else
		failed(decider, shared_lateness(&decider->shared));
}

static void redis_up(void *arg)
{
	probe(arg);
}

static void redis_down(void *arg, const char *reason)
{
	struct decider *decider = arg;
	snprintf(decider->reason, sizeof(decider->reason), "%s", reason);
	if (decider->is_out)
		tell(decider);
	else
		begin_outage(decider);
}

/* --- start and end --- */

static enum decider_policy read_policy(const char *name)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(*policies); i++)
		if (strcmp(policies[i].name, name) == 0)
			return (enum decider_policy)i;
	fatal_usage("HEIMGATE_LIMIT_OUTAGE is \"%s\"; it must be local, closed or open", name);
}

/* Ends the process when they make no sense. */
static void read_store(struct decider *decider, const struct conf_limiterd *conf)
{
	decider->is_shared = strcmp(conf->store, "memory:") != 0;
	decider->password_file = *conf->password_file ? conf_path(conf->state, conf->password_file) : "";
	const char *fault = decider->is_shared ? redis_url_read(conf->store, &decider->url) : NULL;
	if (fault)
		fatal_usage("HEIMGATE_LIMIT_STORE is refused: %s", fault);
	if (decider->is_shared && *decider->password_file && sandbox_path_around(decider->password_file, "r") != 0)
		fatal("cannot keep %s readable", decider->password_file);
}

void decider_init(struct decider *decider, const struct conf_limiterd *conf)
{
	memset(decider, 0, sizeof(*decider));
	decider->policy = read_policy(conf->outage);
	read_store(decider, conf);
	limiter_init(&decider->limiter, (uint64_t)conf->lease_life, &decider->targets);
	shared_init(&decider->shared, (uint64_t)conf->lease_life, (uint64_t)conf->deadline, &decider->targets);
}

void decider_open(struct decider *decider, const struct decider_events *events, void *arg)
{
	static const struct redis_plan plan = {counters_scripts, COUNTERS_SCRIPTS, redis_up, redis_down};
	static const struct shared_events from_shared = {heard, undecided, moved, unmoved};
	decider->events = events;
	decider->arg = arg;
	if (!decider->is_shared)
		return;
	if (!*decider->url.path)
		resolver_open();
	decider->redis = redis_open(&decider->url, decider->password_file, &plan, decider);
	shared_open(&decider->shared, decider->redis, &from_shared, decider);
	settling_init(&decider->settling, decider->redis, events->settled, arg);
	decider->probe = (struct loop_timer){.expired = probe, .arg = decider};
	decider->is_out = true;
	decider->out_since = loop_wall();
	snprintf(decider->reason, sizeof(decider->reason), "Redis is not connected yet");
}

void decider_close(struct decider *decider)
{
	redis_close(decider->redis);
}

/* --- takes --- */

void decider_follow(struct decider *decider, const struct models *models, unsigned queue_max)
{
	target_follow(&decider->targets, models);
	limiter_follow(&decider->limiter, queue_max, decider_now());
	shared_follow(&decider->shared, queue_max);
}

bool decider_knows(const struct decider *decider, uint64_t take_id)
{
	return limiter_knows(&decider->limiter, take_id) || shared_knows(&decider->shared, take_id);
}

void decider_take(struct decider *decider, struct take *take)
{
	if (!decider->is_shared)
		limiter_take(&decider->limiter, take, &take->limits, decider_now());
	else if (decider->is_out)
		go_by_policy(decider, take);
	else
		shared_take(&decider->shared, take);
}

struct take *decider_next(struct decider *decider)
{
	struct take *take = limiter_next(&decider->limiter);
	return take ? take : shared_next(&decider->shared);
}

void decider_cancel(struct decider *decider, uint64_t take_id)
{
	limiter_cancel(&decider->limiter, take_id, decider_now());
	shared_cancel(&decider->shared, take_id);
}

void decider_edge_gone(struct decider *decider)
{
	limiter_edge_gone(&decider->limiter, decider_now());
	shared_edge_gone(&decider->shared);
}

/* --- history --- */

struct account *decider_ask_history(struct decider *decider)
{
	struct account *account = history_ask(&decider->limiter.history, decider_now());
	return account ? account : history_ask(&decider->shared.history, decider_now());
}

void decider_history(struct decider *decider, uint64_t question, uint64_t tokens)
{
	if (question & SHARED_QUESTION)
		shared_history(&decider->shared, question, tokens);
	else
		limiter_history(&decider->limiter, question, tokens, decider_now());
}

void decider_history_lost(struct decider *decider)
{
	history_lost(&decider->limiter.history);
	history_lost(&decider->shared.history);
}

/* --- time, and what people are told --- */

void decider_tick(struct decider *decider)
{
	limiter_tick(&decider->limiter, decider_now());
	shared_tick(&decider->shared);
}

uint64_t decider_due(const struct decider *decider)
{
	uint64_t due = limiter_due(&decider->limiter), other = shared_due(&decider->shared);
	return other < due ? other : due;
}

bool decider_health(const struct decider *decider, char *text, size_t size)
{
	char since[32];
	struct tm when;
	time_t second = (time_t)(decider->out_since / 1000);
	*text = '\0';
	if (!decider->is_out)
		return true;
	strftime(since, sizeof(since), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&second, &when));
	snprintf(text, size, "%.60s: %s since %s", decider->reason, policies[decider->policy].effect, since);
	return false;
}
