#include "history.h"

void history_init(struct history *history)
{
	*history = (struct history){0};
	TAILQ_INIT(&history->waiting);
}

bool history_wait(struct history *history, struct take *take)
{
	if (history->count >= HISTORY_WAITING_MAX)
		return false;
	TAILQ_INSERT_TAIL(&history->waiting, take, place);
	take->account->asking++;
	history->count++;
	return true;
}

/* With its last take an account's question goes too: the answer would find nobody, and none would ask again. */
void history_leave(struct history *history, struct take *take)
{
	TAILQ_REMOVE(&history->waiting, take, place);
	history->count--;
	if (--take->account->asking == 0)
		take->account->question = 0;
}

struct account *history_ask(struct history *history, struct instant at)
{
	struct take *take = TAILQ_FIRST(&history->waiting);
	while (take && take->account->question != 0)
		take = TAILQ_NEXT(take, place);
	if (!take)
		return NULL;
	struct account *account = take->account;
	budget_roll(&account->budget, at.wall);
	budget_begin_count(&account->budget);
	account->question = ++history->questions;
	account->since = account->budget.start;
	return account;
}

struct account *history_asked(const struct history *history, uint64_t question)
{
	struct take *take = TAILQ_FIRST(&history->waiting);
	while (take && take->account->question != question)
		take = TAILQ_NEXT(take, place);
	return take ? take->account : NULL;
}

void history_lost(struct history *history)
{
	struct take *take;
	for (take = TAILQ_FIRST(&history->waiting); take; take = TAILQ_NEXT(take, place))
		take->account->question = 0;
}

struct take *history_next(struct history *history, const struct account *account)
{
	struct take *take = TAILQ_FIRST(&history->waiting);
	while (take && take->account != account)
		take = TAILQ_NEXT(take, place);
	if (take)
		history_leave(history, take);
	return take;
}

struct take *history_late(struct history *history, uint64_t now)
{
	struct take *take = TAILQ_FIRST(&history->waiting);
	if (!take || take->began + HISTORY_WAIT_MS > now)
		return NULL;
	take->account->question = 0;
	history_leave(history, take);
	return take;
}

uint64_t history_due(const struct history *history)
{
	const struct take *take = TAILQ_FIRST(&history->waiting);
	return take ? take->began + HISTORY_WAIT_MS : UINT64_MAX;
}
