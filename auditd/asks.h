/*
 * limiterd's questions about usage.  Each is answered once the store has
 * every record that is committed, so that the answer is exact.
 */
#ifndef AUDITD_ASKS_H
#define AUDITD_ASKS_H

#include "../proto/daemon/ipc.h"
#include "store.h"

/* Before the first link is opened, as intake_open(), and after it. */
void asks_open(struct store *about);

/* Takes a question.  WIRE_OK, or the error to refuse it with. */
enum wire_error asks_take(struct ipc_link *link, uint64_t id, const struct usage_ask *ask);

/* The link is down: its questions will be asked again. */
void asks_forget(void);

#endif
