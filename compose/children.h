/* The five daemons as children: started, watched, started again when they die, stopped in order. */
#ifndef COMPOSE_CHILDREN_H
#define COMPOSE_CHILDREN_H

#include <stdbool.h>

/*
 * Starts the daemons; each gets HEIMGATE_MODELS and, under root, a user (see state.h).
 * `all_ready` is called once, when the last of them has said so.  A daemon that ends before that
 * ends the process with the daemon's exit status, after the others were stopped.
 */
void children_start(const char *models, bool separate, void (*all_ready)(void));

/* Sends SIGHUP to those that read models.json. */
void children_reload(void);

/* Stops them, edge first and auditd last, waiting for each; SIGKILL after 10 s. */
void children_stop(void);

#endif
