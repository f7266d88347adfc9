#include "seen.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"

/* A ring of ids in order of arrival, chained by hash.  Places are 1 to SEEN_MAX; 0 ends a chain. */
struct seen {
	uint8_t ids[SEEN_MAX + 1][RECORD_ID_SIZE];
	uint8_t kinds[SEEN_MAX + 1];
	uint32_t after[SEEN_MAX + 1]; /* next place in the chain */
	uint32_t chains[SEEN_MAX];
	uint32_t last; /* place filled last */
	bool full;
	uint8_t secret[crypto_shorthash_KEYBYTES]; /* ids come from peers: they must not choose the chain */
};

struct seen *seen_new(void)
{
	struct seen *seen = calloc(1, sizeof(*seen));
	CHECK(seen != NULL);
	randombytes_buf(seen->secret, sizeof(seen->secret));
	return seen;
}

void seen_free(struct seen *seen)
{
	free(seen);
}

static uint32_t chain_of(const struct seen *seen, const uint8_t *id)
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint32_t chain;
	crypto_shorthash(hash, id, RECORD_ID_SIZE, seen->secret);
	memcpy(&chain, hash, sizeof(chain));
	return chain % SEEN_MAX;
}

bool seen_has(const struct seen *seen, enum audit_kind kind, const uint8_t *id)
{
	uint32_t place = seen->chains[chain_of(seen, id)];
	while (place != 0 && (seen->kinds[place] != kind || memcmp(seen->ids[place], id, RECORD_ID_SIZE) != 0))
		place = seen->after[place];
	return place != 0;
}

static void forget(struct seen *seen, uint32_t place)
{
	uint32_t *link = &seen->chains[chain_of(seen, seen->ids[place])];
	while (*link != place)
		link = &seen->after[*link];
	*link = seen->after[place];
}

void seen_add(struct seen *seen, enum audit_kind kind, const uint8_t *id)
{
	uint32_t place = seen->last % SEEN_MAX + 1;
	if (seen->full)
		forget(seen, place);
	uint32_t *chain = &seen->chains[chain_of(seen, id)];
	memcpy(seen->ids[place], id, RECORD_ID_SIZE);
	seen->kinds[place] = (uint8_t)kind;
	seen->after[place] = *chain;
	*chain = place;
	seen->last = place;
	seen->full = seen->full || place == SEEN_MAX;
}
