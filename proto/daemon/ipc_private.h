/* What ipc.c, ipc_ctl.c and ipc_listener.c know of each other. */
#ifndef DAEMON_IPC_PRIVATE_H
#define DAEMON_IPC_PRIVATE_H

#include "../wire/proto.h"
#include "loop.h"

enum { IPC_PATH_MAX = 64 };

/* Path of a link's socket below the run directory; returns `path`. */
const char *ipc_path(enum wire_link which, char path[IPC_PATH_MAX]);

struct ipc_listener {
	struct loop_watch watch;
	struct loop_timer pause; /* while no connection can be taken */
};

/* Listens on a link's socket, making its directory; ends the process on failure. */
void ipc_listen(struct ipc_listener *listener, enum wire_link which, void (*knock)(void *arg, uint32_t events),
                void *arg);

/* For knock(): the next connection, or -1. */
int ipc_accept(struct ipc_listener *listener);

/* Closes the control socket, if one was opened. */
void ipc_ctl_close(void);

#endif
