/*
 * How an upstream stands: what is known of it as long as this daemon runs,
 * whatever models.json is read meanwhile.
 */
#ifndef PROXYD_STANDING_H
#define PROXYD_STANDING_H

#include "../proto/wire/msg_limit.h"
#include "circuit.h"

struct standing {
	unsigned holders;
	struct circuit circuit;
	bool told_closed;       /* limiterd knows that it is given no work */
	uint64_t asked_at;      /* ms; 0: never */
	bool asking;            /* it is being asked how it is */
	unsigned requests;      /* of clients, under way there */
	struct limit_pool pool; /* its slots, as limiterd said last */
	char *offer;            /* the models it lists, newline between; NULL: not known */
};

/* A new one, held once.  Never NULL. */
struct standing *standing_new(void);

struct standing *standing_hold(struct standing *standing);

/* Gives up one hold; the last one frees it. */
void standing_drop(struct standing *standing);

/* Replaces its offer by names[length]. */
void standing_set_offer(struct standing *standing, const char *names, size_t length);

#endif
