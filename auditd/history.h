/* The verbs of the control socket: audit.tail, audit.show, audit.usage. */
#ifndef AUDITD_HISTORY_H
#define AUDITD_HISTORY_H

#include "../proto/daemon/ipc.h"
#include "store.h"

/*
 * Answers a call from the store, as ipc_ctl_handler does, perhaps later.
 *
 * audit.tail {"after": position, "limit": n}: records behind that position in the store's order, or the last n;
 * {"records": [...], "after": position of the last one, for the next question}.  As many as fit.
 * audit.show {"request_id": "req_..."}: {"records": [...]}.
 * audit.usage {"since": ms, "until": ms, "by": "key"|"model"|"day", "skip": n}: whole UTC days, from the one
 * since stands in to the one before until (absent: all); {"usage": [...], "more": whether rows were left out}.
 *
 * A record has the members of a line of the journal but for prev, and before them "journal", the id of the one
 * that it is in.
 */
bool history_call(struct store *store, const struct ctl_call *call, struct wire_out *json);

#endif
