/* The listening socket: who may connect, and how many. */
#ifndef EDGE_LISTENER_H
#define EDGE_LISTENER_H

#include "../proto/daemon/conf.h"

/* Binds and listens, or takes the socket that heimgate-door holds; ends the process with a clear line when that
 * cannot be. */
void listener_open(const struct conf_edge *conf);

/* Begins to accept, as part of the loop. */
void listener_start(void);

/* Closes the socket: nobody connects any more. */
void listener_stop(void);

#endif
