#include "show.h"

#include <stdlib.h>

#include "../proto/daemon/ctl.h"
#include "../proto/daemon/ipc.h"
#include "../proto/daemon/log.h"
#include "show_json.h"

/* A call to be answered when Redis has. */
struct later {
	struct decider *decider;
	ipc_ctl_ticket ticket;
};

/* --- what this process counts --- */

static json_t *show_account(struct account *account)
{
	struct show_key key = {
		.id = account->key_id,
		.name = account->key_name,
		.running = account->running,
		.concurrency = account->concurrency,
	};
	account_levels(account, loop_now(), &key.requests, &key.tokens);
	budget_roll(&account->budget, loop_wall());
	key.budget = account->budget;
	return show_json_key(&key);
}

static json_t *show_local(struct decider *decider)
{
	struct limiter *limiter = &decider->limiter;
	json_t *pools = json_array(), *keys = json_array();
	char counted[HEALTH_TEXT_MAX + 1];
	struct account *account;
	for (const struct pool *pool = limiter->pools.first; pool; pool = pool->next)
		json_array_append_new(pools, show_json_pool(pool, pool->in_use));
	for (account = TAILQ_FIRST(&limiter->accounts.by_use); account; account = TAILQ_NEXT(account, by_use)) {
		if (json_array_size(keys) == COUNTERS_KEYS_MAX)
			break;
		json_array_append_new(keys, show_account(account));
	}
	bool alone = decider_health(decider, counted, sizeof(counted));
	return show_json_all(alone ? "by this host" : counted, pools, keys, limiter->accounts.count,
	                     limiter->ledger.open_count);
}

/* --- what Redis counts --- */

static void answered(void *arg, const redisReply *reply, const char *error)
{
	struct later *later = arg;
	struct wire_out *json = ipc_ctl_begin();
	json_t *shown = reply ? show_json_answer(&later->decider->shared.pools, reply) : NULL;
	bool done = shown ? ctl_reply(json, shown) : ctl_refuse(json, reply ? COUNTERS_NONSENSE : error);
	ipc_ctl_end(later->ticket, done);
	free(later);
}

static void ask_redis(struct decider *decider)
{
	struct later *later = malloc(sizeof(*later));
	CHECK(later);
	*later = (struct later){decider, ipc_ctl_later()};
	counters_show(decider->redis, &decider->shared.pools, answered, later);
}

bool show_call(struct decider *decider, const struct ctl_call *call, struct wire_out *json)
{
	if (!ctl_is_bare(call, "limits.show", json))
		return false;
	if (!decider->is_shared || decider->is_out)
		return ctl_reply(json, show_local(decider));
	ask_redis(decider);
	return true;
}
