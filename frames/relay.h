/*
 * Stands on a link between its two ends, shows what passes, and passes it on as it came: message by message, and no
 * faster than the other end takes it.  The working directory is the link's.
 */
#ifndef FRAMES_RELAY_H
#define FRAMES_RELAY_H

#include "../proto/wire/proto.h"

/* Takes the listener's place as soon as there is one, and again whenever it comes back. */
void relay_open(enum wire_link which);

/* Gives the place back; both ends find each other again by themselves. */
void relay_close(void);

#endif
