/*
 * The sandbox: what a daemon promises, in words, as a literal in its main.c.
 *
 *   base     memory, clocks, the descriptors already open, its threads
 *   ipc      dial and listen on unix sockets in the run directory
 *   accept   accept client connections on a socket already open
 *   connect  connect to TCP addresses, resolving names
 *   rpath    read files
 *   wpath    write, create and remove files in its own directory
 */
#ifndef DAEMON_SANDBOX_H
#define DAEMON_SANDBOX_H

/* Allows a path before sandbox_enter; perms is "r" or "rw".  -1 + errno on failure. */
int sandbox_path(const char *path, const char *perms);

/* Enters the sandbox, for good and for all threads.  An unknown word is EINVAL.  -1 + errno on failure. */
int sandbox_enter(const char *promises);

/* What kind of sandbox this build really has, for the start-up line and /ready. */
const char *sandbox_name(void);

#endif
