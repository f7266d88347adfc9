/* Listening sockets of TCP, and how one process hands such a socket to another. */
#ifndef DAEMON_LISTEN_H
#define DAEMON_LISTEN_H

#include <stdint.h>

/* Binds and listens, non-blocking; the options that connections inherit are set.  Ends the process with a clear
 * line when that cannot be. */
int listen_tcp(const char *address, int64_t port);

/*
 * Hands the listening socket over a connected unix socket (SCM_RIGHTS, unix(7)): whoever takes it accepts where
 * we bound it, even from another network namespace.  -1 + errno.
 */
int listen_give(int unix_fd, int listening);

/*
 * Takes what listen_give() sent.  -1 + errno: EAGAIN when nothing is there yet, ECONNRESET when the giver is
 * gone, EPROTO when it was no listening socket of TCP.
 */
int listen_take(int unix_fd);

#endif
