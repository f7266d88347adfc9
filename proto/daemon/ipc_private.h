/* What ipc.c and ipc_ctl.c know of each other. */
#ifndef DAEMON_IPC_PRIVATE_H
#define DAEMON_IPC_PRIVATE_H

#include "../wire/proto.h"

/* Makes the directory of a link below the current one; ends the process on failure. */
void ipc_make_directory(enum wire_link which);

/* Closes the control socket, if one was opened. */
void ipc_ctl_close(void);

#endif
