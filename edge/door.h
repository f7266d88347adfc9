/*
 * The listening socket that heimgate-door holds for us where clients can
 * reach it, so that edge itself needs no network at all.  When the door is
 * closed and opened again, its new socket takes the place of the old one.
 */
#ifndef EDGE_DOOR_H
#define EDGE_DOOR_H

/* Takes the first socket, waiting at most 10 s for it.  Ends the process with a clear line when there is none. */
int door_open(const char *path);

/* From now on, as part of the loop: `closed` when the door is gone, `opened` with each new socket, the taker's to
 * close. */
void door_watch(void (*closed)(void), void (*opened)(int fd));

/* No more of it. */
void door_leave(void);

#endif
