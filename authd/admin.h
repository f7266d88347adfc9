/*
 * What people may do to keys, over the control socket.
 *
 * What is asked is answered from memory.  Changes are made by change.c.  Calls
 * may be repeated: a change that was made already is answered as if it were
 * made now.
 */
#ifndef AUTHD_ADMIN_H
#define AUTHD_ADMIN_H

#include "../proto/daemon/ipc.h"
#include "keystore.h"
#include "store.h"

struct admin {
	struct keystore *keys;
	struct store *store;
	struct limits defaults; /* of keys made without a limit being mentioned */
};

/* An ipc_ctl_handler: answers one call with one JSON object.  `admin` is a struct admin. */
bool admin_call(void *admin, const struct ctl_call *call, struct wire_out *json);

#endif
