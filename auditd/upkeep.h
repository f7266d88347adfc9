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

/* What fails from here on is not worth a word: the store is about to be closed. */
void upkeep_close(void);

/* Once the store is closed. */
void upkeep_free(void);

/* The journal has more: the store follows within 100 ms. */
void upkeep_wake(void);

/* The store came up or went down: see now what becomes of it. */
void upkeep_look(void);

/* Follows now, for at most so many slices of FOLLOWER_SLICE_MS, unless the store is busy with one.  One that failed is
 * left alone until its time has come. */
void upkeep_catch_up(unsigned slices);

/* The place behind all that is committed, and whether the store has everything before a place. */
struct segment_place upkeep_end(void);
bool upkeep_has(const struct segment_place *place);

void upkeep_health(struct health_part *part);

#endif
