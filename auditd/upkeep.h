/*
 * When the store follows the journal, and when old history goes.  Work is
 * done in slices of a few milliseconds between batches of events.
 */
#ifndef AUDITD_UPKEEP_H
#define AUDITD_UPKEEP_H

#include "../proto/wire/msg_common.h"
#include "follower.h"

/* History is kept for so many days.  Journal and store must outlive the process. */
void upkeep_open(struct journal *from, struct store *into, uint64_t days);

/* The journal has more: the store follows within 100 ms. */
void upkeep_wake(void);

/* Follows now, for at most so many slices of FOLLOWER_SLICE_MS.  True when the store has all that is committed.
 * A store that failed is left alone until its time has come. */
bool upkeep_catch_up(unsigned slices);

/* The last record in the store. */
uint64_t upkeep_seq(void);

void upkeep_health(struct health_part *part);

#endif
