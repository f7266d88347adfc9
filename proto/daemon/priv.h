/* Giving up rights, for good. */
#ifndef DAEMON_PRIV_H
#define DAEMON_PRIV_H

/*
 * Closes every descriptor that was inherited and that the program did not mark close-on-exec.
 * Started as root: becomes `user` ("UID:GID[,GID...]"; empty is refused, "0:0" must be said
 * aloud), and verifies that root cannot be regained.  Then, root or not: no new privileges, no
 * capabilities, not dumpable, no core files, at most `descriptors` open files.
 * Ends the process when any of it fails.
 */
void priv_drop(const char *user, int descriptors);

#endif
