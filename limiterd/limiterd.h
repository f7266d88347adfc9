/* The daemon: frames in, decisions by the limiter, frames out. */
#ifndef LIMITERD_LIMITERD_H
#define LIMITERD_LIMITERD_H

#include "../proto/daemon/conf.h"

/* Reads both stamp keys and models.json.  Ends the process on failure. */
void limiterd_acquire(const struct conf_limiterd *conf);

/* Opens the links and the control socket, and follows SIGHUP. */
void limiterd_open(void);

/* Forgets the keys. */
void limiterd_close(void);

#endif
