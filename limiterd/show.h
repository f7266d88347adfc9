/* The control call of people's tools: what is in use. */
#ifndef LIMITERD_SHOW_H
#define LIMITERD_SHOW_H

#include "../proto/wire/msg_common.h"
#include "decider.h"

/*
 * limits.show, without arguments:
 * {"counted": WHERE,
 *  "pools": [{"name", "slots", "in_use", "waiting", "acquire_timeout_ms"}],
 *  "keys": [{"key", "name", "running", "concurrency", "requests": L, "tokens": L, "budget": B}],
 *  "keys_known": N, "leases": N}
 * WHERE says where that is counted: "by this host", "in Redis, by all hosts", or what happens while Redis
 * does not count.  "keys" are the ones used last, at most COUNTERS_KEYS_MAX.
 * L is {"limit", "remaining", "reset_ms"} or null without such a limit; B is
 * {"period": "day" or "month", "limit", "used", "reserved", "ends": ms since the epoch} or null;
 * "used" is null while history has not been heard.  "concurrency" is null without a limit.
 *
 * Returns whether it was done; the JSON says why not otherwise.  What Redis counts is answered later.
 */
bool show_call(struct decider *decider, const struct ctl_call *call, struct wire_out *json);

#endif
