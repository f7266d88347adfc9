/* The link to proxyd: leases kept, moved and settled, and how upstreams are. */
#ifndef LIMITERD_LEASES_H
#define LIMITERD_LEASES_H

#include "decider.h"

/* Reads the key that seals leases.  Ends the process when there is none. */
void leases_acquire(const char *state);

/* Opens the decider and the link. */
void leases_open(struct decider *decider);

bool leases_have_proxyd(void);

/* The lease sealed, in `sealed` of LEASE_MAX bytes, which the caller owns. */
struct wire_bytes leases_seal(const struct lease *lease, uint8_t *sealed);

/* Forgets the key. */
void leases_close(void);

#endif
