/* The daemon as a whole: what is set up before its links, and its life after them. */
#ifndef EDGE_EDGE_H
#define EDGE_EDGE_H

#include "../proto/daemon/conf.h"

enum { EDGE_DESCRIPTORS_SPARE = 64 }; /* beside those of clients: the links, the loop, the listener */

/* Gives every part its configuration; the loop must be open.  Call before the links are opened. */
void edge_init(const struct conf_edge *conf);

/* Serves until asked to end, then lets the answers under way finish for a few seconds. */
void edge_run(void);

#endif
