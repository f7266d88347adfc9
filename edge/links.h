/* The links to the other four daemons, and who handles what arrives on them. */
#ifndef EDGE_LINKS_H
#define EDGE_LINKS_H

#include "../proto/daemon/ipc.h"

enum hop { HOP_AUTHD, HOP_LIMITERD, HOP_PROXYD, HOP_AUDITD, HOP_COUNT };

/* Opens all four; ends the process when that cannot be. */
void links_open(void);

struct ipc_link *links_to(enum hop hop);

#endif
