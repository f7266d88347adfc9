/*
 * Making a change to a key: it goes to the store, then to memory, then to the
 * audit trail, then to edge and proxyd, and only then is it answered.  When
 * the store refuses it, or the audit trail takes no more records, nothing has
 * changed.
 */
#ifndef AUTHD_CHANGE_H
#define AUTHD_CHANGE_H

#include "key.h"
#include "store.h"

/*
 * Makes the key, new or changed, what counts from now on; takes it in any case.  `action` is the
 * audit trail's word for it, static.  Call it from an ipc_ctl_handler: the call is answered later.
 */
void change_make(struct store *store, struct key *key, const char *action);

#endif
