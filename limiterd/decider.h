/*
 * Who decides: the limiter of this process, or the counters that all hosts
 * share in Redis; and what becomes of takes and leases while Redis does not
 * decide.
 *
 * Redis must answer within a deadline.  When it has failed to
 * DECIDER_FAILURES_MAX times running, or is not connected, there is an outage:
 * everything goes by the policy at once.  Then, and while nothing else is heard
 * of it, Redis is asked each DECIDER_PROBE_MS whether it is there.
 *
 *   local   the limiter of this process decides, for this host alone
 *   closed  every take is refused
 *   open    no limits but the slots, of this host alone
 *
 * Leases that Redis gave and that are settled in an outage wait until they are
 * counted there.  Those given and settled here in an outage are counted here:
 * what budgets have used is then asked of history anew, by every host.
 *
 * Leases are moved as takes are decided: by Redis, in an outage by the limiter
 * of this process, or not at all.  Redis knows of each lease where it was moved
 * to, and so frees the right slot whatever the lease says that settles it.  Of
 * one that was moved in an outage it knows what KEEPs say; the slot it had
 * before falls free there by itself, a lease's life after the last that named
 * it.
 */
#ifndef LIMITERD_DECIDER_H
#define LIMITERD_DECIDER_H

#include "../proto/daemon/conf.h"
#include "../proto/daemon/loop.h"
#include "limiter.h"
#include "settling.h"
#include "shared.h"

enum { DECIDER_FAILURES_MAX = 3, DECIDER_PROBE_MS = 1000, DECIDER_SILENCE_MAX_MS = 5000 };

enum decider_policy { DECIDER_LOCAL, DECIDER_CLOSED, DECIDER_OPEN };

struct decider_events {
	void (*settled)(void *arg, uint64_t id); /* is counted */
	/* The lease has been moved (done), or stays where it is. */
	void (*moved)(void *arg, const struct move *move, bool done);
};

struct decider {
	struct targets targets;
	struct limiter limiter; /* memory:'s, or this host's alone */
	const struct decider_events *events;
	void *arg;
	bool is_shared; /* the store is Redis; all below is for that */
	struct redis_url url;
	const char *password_file;
	enum decider_policy policy;
	struct redis *redis;
	struct shared shared;
	struct settling settling;

	/* whether Redis decides */
	bool is_out;
	bool is_told;       /* the log says so */
	unsigned failures;  /* running */
	uint64_t out_since; /* ms since the epoch */
	char reason[REDIS_ERROR_SIZE];
	uint64_t heard_at; /* ms: when Redis last answered in time */
	struct loop_timer probe;
	uint64_t probed_at; /* ms; 0: no probe is under way */
	bool counted_alone; /* since Redis was last told so */
	bool telling_of_it; /* the probe under way does */
};

/* Reads the settings.  Ends the process when they make no sense. */
void decider_init(struct decider *decider, const struct conf_limiterd *conf);

/* Connects to Redis, if that is the store.  After priv_drop() and decider_follow(), before sandbox_enter().
 * The events must outlive the process. */
void decider_open(struct decider *decider, const struct decider_events *events, void *arg);
void decider_close(struct decider *decider);

/* As in limiter.h; the time is the loop's. */
void decider_follow(struct decider *decider, const struct models *models, unsigned queue_max);
bool decider_knows(const struct decider *decider, uint64_t take_id);
void decider_take(struct decider *decider, struct take *take);
struct take *decider_next(struct decider *decider);
void decider_cancel(struct decider *decider, uint64_t take_id);
void decider_edge_gone(struct decider *decider);
enum wire_error decider_keep(struct decider *decider, const struct lease *lease);
void decider_tick(struct decider *decider);
uint64_t decider_due(const struct decider *decider);

/* The lease is done; settled(id) says when that is counted.  WIRE_BUSY when there is no room. */
enum wire_error decider_settle(struct decider *decider, uint64_t id, const struct lease *lease, uint64_t used,
                               bool charged);

/* Moves a lease if target_allows() it and there is a slot; moved() says how that went, at once or later. */
void decider_move(struct decider *decider, struct move *move);

/* Of whoever decides now; NULL when there is none. */
const struct pool *decider_pool(const struct decider *decider, const char *upstream);

/* Nobody waits to hear of settlements any more, and there is no news of upstreams. */
void decider_proxyd_gone(struct decider *decider);

/* The next account whose `question` to history is to be asked now; NULL when there is none.  The answer, or that none
 * will come. */
struct account *decider_ask_history(struct decider *decider);
void decider_history(struct decider *decider, uint64_t question, uint64_t tokens);
void decider_history_lost(struct decider *decider);

/* Whether the store decides; text says what happens instead, or is "". */
bool decider_health(const struct decider *decider, char *text, size_t size);

#endif
