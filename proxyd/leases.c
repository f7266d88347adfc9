#include "leases.h"

#include <stdlib.h>
#include <string.h>

enum { CHAINS = LEASES_MAX, NONE = 0, ROUNDING_MS = 2 };

/* Ids are random, so their first bytes are hash enough; a chain runs from its newest entry to its oldest. */
struct entry {
	uint8_t id[LEASE_ID_SIZE];
	uint64_t needed_until; /* now_ms */
	uint32_t next;         /* place of the next older one in the chain; NONE: last */
};

/* A ring in order of use, which is nearly the order of expiry; place p is entries[p % LEASES_MAX]. */
struct leases {
	uint64_t first_expiry; /* of leases made since the start, unless the clock is set back */
	uint64_t first_until;  /* now_ms: by then those made before have expired */
	uint32_t oldest, count;
	uint32_t chains[CHAINS]; /* 1 + index into entries; NONE: empty */
	struct entry entries[LEASES_MAX];
};

struct leases *leases_new(uint64_t life_ms, uint64_t wall_ms, uint64_t now_ms)
{
	struct leases *leases = calloc(1, sizeof(*leases));
	if (!leases)
		return NULL;
	leases->first_expiry = wall_ms + life_ms + 1;
	leases->first_until = now_ms + life_ms + ROUNDING_MS;
	return leases;
}

static uint32_t *chain_of(struct leases *leases, const uint8_t *id)
{
	uint32_t hash;
	memcpy(&hash, id, sizeof(hash));
	return &leases->chains[hash % CHAINS];
}

static struct entry *entry_at(struct leases *leases, uint32_t place)
{
	return &leases->entries[place - 1];
}

static void drop_oldest(struct leases *leases)
{
	uint32_t *link = chain_of(leases, leases->entries[leases->oldest].id);
	while (*link != leases->oldest + 1)
		link = &entry_at(leases, *link)->next;
	*link = NONE;
	leases->oldest = (leases->oldest + 1) % LEASES_MAX;
	leases->count--;
}

static bool was_used(struct leases *leases, const uint8_t *id)
{
	for (uint32_t at = *chain_of(leases, id); at != NONE; at = entry_at(leases, at)->next)
		if (memcmp(entry_at(leases, at)->id, id, LEASE_ID_SIZE) == 0)
			return true;
	return false;
}

static bool was_made_before(const struct leases *leases, const struct lease *lease, uint64_t now_ms)
{
	return now_ms < leases->first_until && lease->expires < leases->first_expiry;
}

static void add(struct leases *leases, const struct lease *lease, uint64_t needed_until)
{
	uint32_t index = (leases->oldest + leases->count++) % LEASES_MAX;
	uint32_t *chain = chain_of(leases, lease->id);
	struct entry *entry = &leases->entries[index];
	memcpy(entry->id, lease->id, LEASE_ID_SIZE);
	entry->needed_until = needed_until;
	entry->next = *chain;
	*chain = index + 1;
}

enum wire_error leases_use(struct leases *leases, const struct lease *lease, uint64_t wall_ms, uint64_t now_ms)
{
	if (was_made_before(leases, lease, now_ms) || was_used(leases, lease->id))
		return WIRE_REPLAYED;
	if (leases->count == LEASES_MAX) {
		if (leases->entries[leases->oldest].needed_until > now_ms)
			return WIRE_BUSY;
		drop_oldest(leases);
	}
	add(leases, lease, now_ms + (lease->expires - wall_ms));
	return WIRE_OK;
}
