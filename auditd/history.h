/* The verbs of the control socket: audit.tail, audit.show, audit.usage. */
#ifndef AUDITD_HISTORY_H
#define AUDITD_HISTORY_H

#include "../proto/wire/msg_common.h"
#include "store.h"

/*
 * Answers a call from the store, as ipc_ctl_handler does.
 *
 * audit.tail {"after": seq, "limit": n}: records after seq, or the last n; {"records": [...], "last": seq of
 * the newest record there is}.  As many as fit; ask again after the last one got.
 * audit.show {"request_id": "req_..."}: {"records": [...]}.
 * audit.usage {"since": ms, "until": ms, "by": "key"|"model"|"day", "skip": n}: whole UTC days, from the one
 * since stands in to the one before until (absent: all); {"usage": [...], "more": whether rows were left out}.
 */
struct history {
	struct store *store;
	uint64_t last; /* seq of the newest record in it */
};

bool history_call(const struct history *history, const struct ctl_call *call, struct wire_out *json);

#endif
