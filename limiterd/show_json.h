/* What is in use as JSON, wherever it is counted: the parts of what show.h describes.  Pure. */
#ifndef LIMITERD_SHOW_JSON_H
#define LIMITERD_SHOW_JSON_H

#include <hiredis/hiredis.h>
#include <jansson.h>

#include "../proto/wire/msg_limit.h"
#include "budget.h"
#include "pool.h"

struct show_key {
	const char *id, *name;
	uint64_t running, concurrency;
	struct limit_level requests, tokens;
	struct budget budget;
};

json_t *show_json_pool(const struct pool *pool, uint64_t in_use);
json_t *show_json_key(const struct show_key *key);

/* Takes the references of `pools` and `keys`. */
json_t *show_json_all(const char *counted, json_t *pools, json_t *keys, uint64_t keys_known, uint64_t leases);

/* What counters_show() was answered; rows that make no sense are left out.  NULL when nothing of it does. */
json_t *show_json_answer(const struct pools *known, const redisReply *reply);

#endif
