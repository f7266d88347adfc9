/*
 * The sender half of the audit trail, for edge, proxyd and authd: a record
 * stays here until auditd says that it is on disk, and is sent again
 * whenever the link comes back.
 *
 * At most RECORDER_WINDOW records wait, each as the bytes of its frame: a
 * few hundred in practice, RECORDER_RECORD_MAX at worst, so never more than
 * 12 MiB, and those only while auditd does not answer.
 */
#ifndef DAEMON_RECORDER_H
#define DAEMON_RECORDER_H

#include "../wire/msg_audit.h"

struct ipc_link;

enum {
	RECORDER_WINDOW = 8192,    /* records sent or to be sent, and not acknowledged */
	RECORDER_RECORD_MAX = 1536 /* bytes of one, encoded */
};

struct recorder_state {
	unsigned waiting; /* records not acknowledged yet */
	uint64_t dropped; /* since start: the window was full, or auditd refused them */
	bool up;          /* auditd is there */
};

/* Opens the link to auditd as its dialer.  Call once, in place of ipc_open(); ends the process on failure. */
void recorder_open(enum wire_link link, enum wire_role me);

/* The link, for a daemon that has more to say to auditd: what comes back and is no word about a record goes
 * to `take`, as with ipc_open(). */
struct ipc_link *recorder_share(enum wire_error (*take)(void *arg, const struct wire_frame *frame), void *arg);

/* How many records recorder_put() would take now. */
unsigned recorder_room(void);

/*
 * Copies the record and sends it as soon as the link allows.  An id of zeros becomes a random one, a
 * time of 0 becomes now.  False when the window is full: the record is lost, counted, and warned about
 * at most once a second.
 */
bool recorder_put(const struct audit_record *record);

struct recorder_state recorder_state(void);

#endif
