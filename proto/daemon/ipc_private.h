/* What ipc.c and ipc_ctl.c know of each other. */
#ifndef DAEMON_IPC_PRIVATE_H
#define DAEMON_IPC_PRIVATE_H

#include "../wire/proto.h"

enum { IPC_PATH_MAX = 64 };

/* Path of a link's socket below the run directory; returns `path`. */
const char *ipc_path(enum wire_link which, char path[IPC_PATH_MAX]);

/* Listens on a link's socket, making its directory; ends the process on failure. */
int ipc_listen(enum wire_link which);

/* Closes the control socket, if one was opened. */
void ipc_ctl_close(void);

#endif
