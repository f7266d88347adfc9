/*
 * The ids of leases that were used: a lease opens one stream and no more.
 * The last LEASES_MAX are remembered, whatever becomes of the time by which
 * they expire, so that a clock that is set back revives none of them.  When
 * none of those can have expired yet, nothing more is admitted.
 * Which leases were used before a start is not known: none of them is good.
 *
 * `wall_ms` is since the epoch, as leases expire; `now_ms` never goes back.
 */
#ifndef PROXYD_LEASES_H
#define PROXYD_LEASES_H

#include "../proto/wire/stamp.h"

enum { LEASES_MAX = 64 * 1024 }; /* leases of 5 s at 13,000 a second */

struct leases; /* about 2.3 MiB, touched as it fills */

/* For leases that expire life_ms after they were made; those made before count as used.  NULL when there is no memory.
 * The caller free()s it. */
struct leases *leases_new(uint64_t life_ms, uint64_t wall_ms, uint64_t now_ms);

/* Notes the use of a lease that is inside its time.  WIRE_OK, WIRE_REPLAYED or WIRE_BUSY. */
enum wire_error leases_use(struct leases *leases, const struct lease *lease, uint64_t wall_ms, uint64_t now_ms);

#endif
