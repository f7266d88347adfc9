/* The directories a suite lives in, and whose they are. */
#ifndef COMPOSE_STATE_H
#define COMPOSE_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "../proto/wire/proto.h"

enum { STATE_USER_MAX = 160 };

/*
 * Makes the state and run directories.  Started as root, every daemon gets a user id of its own
 * and every link a group of its own, so that only the two ends of a link can reach its socket.
 * Returns false when root's state directory lies where other users cannot reach it (below /root,
 * say): then all daemons stay one user, without capabilities.  Ends the process on failure.
 */
bool state_prepare(const char *state, const char *run);

/* HEIMGATE_USER for a daemon, in text[STATE_USER_MAX]; "" when not started as root. */
void state_user(enum wire_role role, bool separate, char *text);

#endif
