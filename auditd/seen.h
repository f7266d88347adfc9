/*
 * The ids of the last SEEN_MAX records, so that a record sent twice is
 * written once.  A sender keeps at most 8192 unacknowledged records, and
 * there are three senders.  Takes 1.6 MiB.
 *
 * Each kind of record, and so each sender, has ids of its own: edge sees
 * the ids that proxyd will use, and must not be able to use them up.
 */
#ifndef AUDITD_SEEN_H
#define AUDITD_SEEN_H

#include "../proto/wire/msg_audit.h"

enum { SEEN_MAX = 65536 };

struct seen;

/* The caller frees with seen_free(). */
struct seen *seen_new(void);
void seen_free(struct seen *seen);

bool seen_has(const struct seen *seen, enum audit_kind kind, const uint8_t *id);

/* Adds an id that is not in it, in place of the oldest when full. */
void seen_add(struct seen *seen, enum audit_kind kind, const uint8_t *id);

#endif
