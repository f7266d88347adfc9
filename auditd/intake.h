/*
 * Records in, acknowledgements out: everything one batch of events brought
 * goes into the journal with one commit, and is acknowledged only then.
 *
 * When the journal cannot be written nothing is acknowledged and nothing is
 * lost: the lines wait in memory, the commit is tried again, and once memory
 * is full senders are told so and keep their records.
 */
#ifndef AUDITD_INTAKE_H
#define AUDITD_INTAKE_H

#include "../proto/daemon/ipc.h"
#include "journal.h"

/* `committed` is called after each commit.  Before the first link is opened: acknowledgements must be queued
 * before a batch's frames are sent. */
void intake_open(struct journal *into, void (*committed)(void));

/* Takes a record that came over the link in a frame with this id.  WIRE_OK, or the error to refuse it with. */
enum wire_error intake_take(struct ipc_link *link, uint64_t id, const struct audit_record *record);

/* The link is down: nobody waits for its acknowledgements. */
void intake_forget(const struct ipc_link *link);

void intake_health(struct health_part *part);

#endif
