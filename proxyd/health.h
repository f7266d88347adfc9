/*
 * Asking upstreams how they are, when nobody else has for a while, and those
 * among which "*" chooses for what they list.  Nothing is generated.
 */
#ifndef PROXYD_HEALTH_H
#define PROXYD_HEALTH_H

struct proxyd;

/* Asks whichever it is time for; call it once a second. */
void health_tick(struct proxyd *proxyd);

#endif
