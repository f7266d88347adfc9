/* The daemon: answers edge's questions about credentials, and takes administrators' calls. */
#ifndef AUTHD_AUTHD_H
#define AUTHD_AUTHD_H

#include "../proto/daemon/conf.h"

/* Reads the key that seals grants, and the settings.  Ends the process on failure, as do the next two. */
void authd_acquire(const struct conf_authd *conf);

/* Opens the store, whose keys are served from now on. */
void authd_load(const struct conf_authd *conf);

/* Opens the links and the control socket. */
void authd_open(void);

/* Closes the store; calls that wait for it are answered. */
void authd_close(void);

#endif
