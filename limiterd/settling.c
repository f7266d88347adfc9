#include "settling.h"

#include <stdlib.h>

#include "../proto/daemon/log.h"

struct settlement {
	struct settling *settling;
	uint64_t id;
	bool told; /* somebody waits to hear of it */
	bool charged;
	struct counted lease;
	uint64_t used;
	TAILQ_ENTRY(settlement) place;
};

void settling_init(struct settling *settling, struct redis *redis, void (*settled)(void *arg, uint64_t id), void *arg)
{
	*settling = (struct settling){.redis = redis, .settled = settled, .arg = arg};
	TAILQ_INIT(&settling->waiting);
	TAILQ_INIT(&settling->sent);
}

enum wire_error settling_put(struct settling *settling, uint64_t id, const struct lease *lease, uint64_t used,
                             bool charged)
{
	if (settling->count >= SETTLING_MAX)
		return WIRE_BUSY;
	struct settlement *settlement = malloc(sizeof(*settlement));
	CHECK(settlement);
	*settlement = (struct settlement){settling, id, true, charged, counters_lease(lease), used, {0}};
	TAILQ_INSERT_TAIL(&settling->waiting, settlement, place);
	settling->count++;
	return WIRE_OK;
}

/* One that was not counted, or perhaps not, goes again: the script knows what it has settled. */
static void answered(void *arg, const redisReply *reply, const char *error)
{
	struct settlement *settlement = arg;
	struct settling *settling = settlement->settling;
	(void)error;
	TAILQ_REMOVE(&settling->sent, settlement, place);
	if (!reply) {
		TAILQ_INSERT_TAIL(&settling->waiting, settlement, place);
		return;
	}
	if (settlement->told)
		settling->settled(settling->arg, settlement->id);
	settling->count--;
	free(settlement);
}

void settling_send(struct settling *settling)
{
	struct settlement *settlement;
	while ((settlement = TAILQ_FIRST(&settling->waiting))) {
		TAILQ_REMOVE(&settling->waiting, settlement, place);
		TAILQ_INSERT_TAIL(&settling->sent, settlement, place);
		counters_settle(settling->redis, &settlement->lease, settlement->used, settlement->charged, answered,
		                settlement);
	}
}

void settling_tell_nobody(struct settling *settling)
{
	struct settlement *settlement;
	for (settlement = TAILQ_FIRST(&settling->waiting); settlement; settlement = TAILQ_NEXT(settlement, place))
		settlement->told = false;
	for (settlement = TAILQ_FIRST(&settling->sent); settlement; settlement = TAILQ_NEXT(settlement, place))
		settlement->told = false;
}
