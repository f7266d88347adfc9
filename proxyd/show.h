/* The control call of people's tools: how the upstreams are, and which model goes where. */
#ifndef PROXYD_SHOW_H
#define PROXYD_SHOW_H

#include "../proto/daemon/models.h"
#include "../proto/wire/msg_common.h"

/* How an upstream is at the moment; texts are borrowed. */
struct show_upstream {
	const char *state;  /* "well", "failing", "open" or "half-open" */
	const char *reason; /* why it is not well; "" when it is */
	uint32_t slots, in_use, waiting;
	size_t requests; /* under way here */
};

/*
 * models.show, without arguments:
 * {"upstreams": [{"name", "kind", "local", "state", "reason", "slots", "in_use", "waiting", "requests"}],
 *  "upstreams_known": N,
 *  "models": [{"name", "alias"} or {"name", "targets": [T], "fallbacks": [T]}],
 *  "models_known": N}
 * T is {"upstream", "model", "weight", "drain"}, a fallback's without "weight"; "model" is null where the name asked
 * for is sent.  There are as many upstreams, then models, as find room; N says how many are known.
 *
 * `upstreams` is beside the upstreams of the same index in `models`.
 * Returns whether it was done; the JSON says why not otherwise.
 */
bool show_answer(const struct models *models, const struct show_upstream *upstreams, const struct ctl_call *call,
                 struct wire_out *json);

/* The handler of the control socket, for ipc_ctl_listen(); `arg` is the struct proxyd. */
bool show_call(void *arg, const struct ctl_call *call, struct wire_out *json);

#endif
