/*
 * The ids of leases that were used, kept until they expire: a lease opens one
 * stream and no more.  Bounded; when it is full, nothing more is admitted.
 * Which leases were used before a start is not known: none of them is good.
 */
#ifndef PROXYD_LEASES_H
#define PROXYD_LEASES_H

#include "../proto/wire/stamp.h"

enum { LEASES_MAX = 64 * 1024 }; /* leases of 5 s at 13,000 a second */

struct leases; /* about 2.3 MiB, touched as it fills */

/* Leases that expire at `used_until` or before count as used.  NULL when there is no memory.  The caller free()s it. */
struct leases *leases_new(uint64_t used_until);

/* Notes the use of a lease that is inside its time.  WIRE_OK, WIRE_REPLAYED or WIRE_BUSY. */
enum wire_error leases_use(struct leases *leases, const struct lease *lease, uint64_t now_ms);

#endif
