/* The control call of people's tools: what is in use. */
#ifndef LIMITERD_SHOW_H
#define LIMITERD_SHOW_H

#include "../proto/wire/msg_common.h"
#include "limiter.h"

enum { SHOW_KEYS_MAX = 80 }; /* the ones used last; more would not fit a result */

/*
 * limits.show, without arguments:
 * {"pools": [{"name", "slots", "in_use", "waiting", "acquire_timeout_ms"}],
 *  "keys": [{"key", "name", "running", "concurrency", "requests": L, "tokens": L, "budget": B}],
 *  "keys_known": N, "leases": N}
 * L is {"limit", "remaining", "reset_ms"} or null without such a limit; B is
 * {"period": "day" or "month", "limit", "used", "reserved", "ends": ms since the epoch} or null;
 * "used" is null while history has not been heard.  "concurrency" is null without a limit.
 * Returns whether it was done; the JSON says why not otherwise.
 */
bool show_call(struct limiter *limiter, const struct ctl_call *call, struct instant at, struct wire_out *json);

#endif
