/*
 * The place of a link's listener: the name of its socket in the working directory, which is the link's own.
 *
 * Whoever takes it moves the listener's socket aside, where it goes on listening, and listens under its name.  Should
 * that end without the socket being put back (SIGKILL), the listener's next start, or ours, puts things in order.
 */
#ifndef FRAMES_PLACE_H
#define FRAMES_PLACE_H

#include <stdbool.h>

/* Only one may ever take the place.  Ends the process when another does. */
void place_reserve(void);

/* A connection to the listener, made before anybody else could make one; -1 when nobody listens. */
int place_dial_first(void);

/* Takes the place of the listener that was dialled: our listening descriptor.  Ends the process on failure. */
int place_take(void);

/* Dials the listener whose place we have; -1 + errno. */
int place_dial(void);

/* Whether the listener whose place we have is alive; it does not notice. */
bool place_has_listener(void);

/* The listener gets its place back. */
void place_give_back(int fd);

/* The listener is no more: another one finds its place free. */
void place_leave(int fd);

#endif
