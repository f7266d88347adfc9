/* Client connections: bytes in, answers out, and who hung up when. */
#ifndef MOCKMODEL_CONNECTION_H
#define MOCKMODEL_CONNECTION_H

#include "options.h"

/* Listens and serves.  Returns the port.  Ends the process when that cannot be. */
unsigned connection_listen(const struct options *wanted);

/* Has all that hold back their next word go on; returns how many do. */
unsigned connection_go_on(void);

#endif
