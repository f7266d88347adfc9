/*
 * Takes that wait to hear what a budget's key used before this process began
 * to count: only auditd knows.  They hold nothing meanwhile.
 */
#ifndef LIMITERD_HISTORY_H
#define LIMITERD_HISTORY_H

#include "take.h"

enum { HISTORY_WAIT_MS = 2000, HISTORY_WAITING_MAX = 1024 };

struct history {
	struct takes waiting; /* first come first */
	unsigned count;
	uint64_t questions; /* asked so far */
};

void history_init(struct history *history);

/* False when too many wait already. */
bool history_wait(struct history *history, struct take *take);

void history_leave(struct history *history, struct take *take);

/* The next account whose question is to be asked now, with `question` and `since` set; what is used from now
 * on is counted.  NULL when there is none. */
struct account *history_ask(struct history *history, struct instant at);

/* The account a question was about; NULL when nobody waits for the answer any more. */
struct account *history_asked(const struct history *history, uint64_t question);

/* No question asked so far will be answered. */
void history_lost(struct history *history);

/* The next take of the account, or one that has waited too long: already removed, NULL when there is none. */
struct take *history_next(struct history *history, const struct account *account);
struct take *history_late(struct history *history, uint64_t now);

/* When history_late() is needed next, in monotonic ms. */
uint64_t history_due(const struct history *history);

#endif
