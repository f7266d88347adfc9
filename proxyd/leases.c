#include "leases.h"

#include <stdlib.h>
#include <string.h>

enum { CHAINS = LEASES_MAX, NONE = 0 };

/* Ids are random, so their first bytes are hash enough; a chain runs from its newest entry to its oldest. */
struct entry {
	uint8_t id[LEASE_ID_SIZE];
	uint64_t expires;
	uint32_t next; /* place of the next older one in the chain; NONE: last */
};

/* A ring in order of use, which is nearly the order of expiry; place p is entries[p % LEASES_MAX]. */
struct leases {
	uint64_t used_until;
	uint32_t oldest, count;
	uint32_t chains[CHAINS]; /* 1 + index into entries; NONE: empty */
	struct entry entries[LEASES_MAX];
};

struct leases *leases_new(uint64_t used_until)
{
	struct leases *leases = calloc(1, sizeof(*leases));
	if (leases)
		leases->used_until = used_until;
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

static void add(struct leases *leases, const struct lease *lease)
{
	uint32_t index = (leases->oldest + leases->count++) % LEASES_MAX;
	uint32_t *chain = chain_of(leases, lease->id);
	struct entry *entry = &leases->entries[index];
	memcpy(entry->id, lease->id, LEASE_ID_SIZE);
	entry->expires = lease->expires;
	entry->next = *chain;
	*chain = index + 1;
}

enum wire_error leases_use(struct leases *leases, const struct lease *lease, uint64_t now_ms)
{
	while (leases->count > 0 && leases->entries[leases->oldest].expires <= now_ms)
		drop_oldest(leases);
	if (lease->expires <= leases->used_until || was_used(leases, lease->id))
		return WIRE_REPLAYED;
	if (leases->count == LEASES_MAX)
		return WIRE_BUSY;
	add(leases, lease);
	return WIRE_OK;
}
