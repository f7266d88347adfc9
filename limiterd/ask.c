#include "ask.h"

#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"

void ask_init(struct asks *asks)
{
	memset(asks, 0, sizeof(*asks));
	randombytes_buf(asks->secret, sizeof(asks->secret));
	TAILQ_INIT(&asks->open);
	TAILQ_INIT(&asks->sent);
	TAILQ_INIT(&asks->leased);
}

static size_t hash(const struct asks *asks, uint64_t take_id)
{
	uint64_t value;
	_Static_assert(sizeof(value) == crypto_shorthash_BYTES, "a hash is one number");
	crypto_shorthash((uint8_t *)&value, (const uint8_t *)&take_id, sizeof(take_id), asks->secret);
	return value % ASK_HASHES;
}

struct ask *ask_find(const struct asks *asks, uint64_t take_id)
{
	struct ask *ask = asks->by_take[hash(asks, take_id)];
	while (ask && ask->take_id != take_id)
		ask = ask->same_hash;
	return ask;
}

struct ask *ask_add(struct asks *asks, void *owner, struct take *take)
{
	struct ask **head = &asks->by_take[hash(asks, take->id)];
	if (asks->count >= ASKS_MAX)
		return NULL;
	struct ask *ask = malloc(sizeof(*ask));
	CHECK(ask);
	*ask = (struct ask){.owner = owner,
	                    .lease = counters_lease(&take->lease),
	                    .take_id = take->id,
	                    .state = ASK_WAITING,
	                    .take = take,
	                    .same_hash = *head};
	*head = ask;
	TAILQ_INSERT_TAIL(&asks->open, ask, place);
	asks->count++;
	take->ask = ask;
	take->account->running++;
	return ask;
}

void ask_send(struct asks *asks, struct ask *ask, uint64_t due)
{
	ask->state = ASK_SENT;
	ask->due = due;
	ask->pool = ask->take->pool;
	if (ask->pool)
		ask->pool->asking++;
	TAILQ_INSERT_TAIL(&asks->sent, ask, in_time);
}

static void stop_asking(struct asks *asks, struct ask *ask)
{
	TAILQ_REMOVE(&asks->sent, ask, in_time);
	if (ask->pool)
		ask->pool->asking--;
	ask->pool = NULL;
}

void ask_answered(struct asks *asks, struct ask *ask)
{
	stop_asking(asks, ask);
	ask->state = ASK_WAITING;
}

static struct take *part(struct ask *ask)
{
	struct take *take = ask->take;
	take->account->running--;
	take->account = NULL;
	take->pool = NULL;
	take->ask = NULL;
	ask->take = NULL;
	return take;
}

struct take *ask_lease(struct asks *asks, struct ask *ask, uint64_t due)
{
	ask->state = ASK_LEASED;
	ask->due = due;
	TAILQ_REMOVE(&asks->open, ask, place);
	TAILQ_INSERT_TAIL(&asks->leased, ask, place);
	return part(ask);
}

static void drop_from_hash(struct asks *asks, const struct ask *ask)
{
	struct ask **link = &asks->by_take[hash(asks, ask->take_id)];
	while (*link != ask)
		link = &(*link)->same_hash;
	*link = ask->same_hash;
	asks->count--;
}

struct take *ask_withdraw(struct asks *asks, struct ask *ask)
{
	struct take *take = part(ask);
	drop_from_hash(asks, ask);
	TAILQ_REMOVE(&asks->open, ask, place);
	if (ask->state == ASK_SENT) {
		stop_asking(asks, ask);
		ask->state = ASK_ABANDONED;
	} else {
		free(ask);
	}
	return take;
}

void ask_forget(struct asks *asks, struct ask *ask)
{
	drop_from_hash(asks, ask);
	TAILQ_REMOVE(&asks->leased, ask, place);
	free(ask);
}
