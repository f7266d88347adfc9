/*
 * A key's tokens per UTC day or month.  What a request may cost is reserved
 * before the call and settled after it, so that requests at one time cannot
 * overrun the budget together.
 *
 * The worst overshoot: nothing is reserved unless used + reserved + cost is
 * within the limit, so a period's use exceeds its limit by at most the sum,
 * over the requests in flight at one time, of what each really used beyond
 * what it had reserved.  With estimates that are never too low it is 0.
 *
 * Pure: the time is passed in, in milliseconds since the epoch.
 */
#ifndef LIMITERD_BUDGET_H
#define LIMITERD_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "../proto/wire/stamp.h"

/* All zero is no budget; reservations are counted all the same, so that setting one later finds them. */
struct budget {
	enum budget_period period;
	bool known;     /* `used` includes what was used before this process began to count */
	uint64_t limit; /* tokens */
	uint64_t start; /* of the period under way */
	uint64_t end;
	uint64_t latest_end; /* of all periods that were ever under way */
	uint64_t used;       /* in this period */
	uint64_t reserved;   /* by requests in flight */
};

/* First millisecond of the day or month in which `wall` lies, and of the one after. */
uint64_t budget_period_start(enum budget_period period, uint64_t wall);
uint64_t budget_period_end(enum budget_period period, uint64_t wall);

/* Sets the limit.  After a change of the period what was used in it is not known. */
void budget_set(struct budget *budget, enum budget_period period, uint64_t limit, uint64_t wall);

/* Begins the period in which `wall` lies, unless it is under way.  When a clock was set back, that may be one which was
 * under way before: then its use is not known. */
void budget_roll(struct budget *budget, uint64_t wall);

/* Starts counting from nothing, while history is asked what was used since `start`. */
void budget_begin_count(struct budget *budget);

/* What history says was used until budget_begin_count(). */
void budget_add_history(struct budget *budget, uint64_t tokens);

/* Whether `cost` more may be reserved.  The period must be rolled and the use known. */
bool budget_allows(const struct budget *budget, uint64_t cost);

void budget_reserve(struct budget *budget, uint64_t cost);

/* Ends a reservation; `used` of it was really used. */
void budget_settle(struct budget *budget, uint64_t reserved, uint64_t used, uint64_t wall);

/* Takes back a charge, within its period. */
void budget_uncharge(struct budget *budget, uint64_t used);

#endif
