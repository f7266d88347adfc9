#include "keystore.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"

enum { FIRST_CAPACITY = 16, SLOTS_PER_KEY = 4 }; /* two secrets each, and half of the table empty */

struct slot {
	const struct key *key; /* NULL: empty */
	bool former;
};

struct keystore {
	struct key **keys;      /* sorted by id */
	size_t count, capacity; /* capacity is a power of two */
	struct slot *slots;     /* open addressing; capacity * SLOTS_PER_KEY of them */
};

static size_t slot_count(const struct keystore *store)
{
	return store->capacity * SLOTS_PER_KEY;
}

static const uint8_t *slot_hash(const struct slot *slot)
{
	return slot->former ? slot->key->former.hash : slot->key->hash;
}

/* A SHA-256 is as good as any hash of it; only those of our own keys are in the table, so nobody can
 * crowd one place. */
static size_t place_of(const struct keystore *store, const uint8_t *hash)
{
	uint64_t start;
	memcpy(&start, hash, sizeof(start));
	return (size_t)start & (slot_count(store) - 1);
}

static void index_secret(struct keystore *store, struct slot secret)
{
	size_t place = place_of(store, slot_hash(&secret));
	while (store->slots[place].key)
		place = (place + 1) & (slot_count(store) - 1);
	store->slots[place] = secret;
}

static void index_key(struct keystore *store, const struct key *key)
{
	index_secret(store, (struct slot){key, false});
	if (key->former.until != 0)
		index_secret(store, (struct slot){key, true});
}

static void index_all(struct keystore *store)
{
	memset(store->slots, 0, slot_count(store) * sizeof(*store->slots));
	for (size_t i = 0; i < store->count; i++)
		index_key(store, store->keys[i]);
}

static int grow(struct keystore *store, size_t capacity)
{
	struct slot *slots = calloc(capacity * SLOTS_PER_KEY, sizeof(*slots));
	struct key **keys = slots ? reallocarray(store->keys, capacity, sizeof(struct key *)) : NULL;
	if (!keys) {
		free(slots);
		return -1;
	}
	free(store->slots);
	store->slots = slots;
	store->keys = keys;
	store->capacity = capacity;
	index_all(store);
	return 0;
}

struct keystore *keystore_new(void)
{
	struct keystore *store = calloc(1, sizeof(*store));
	if (!store || grow(store, FIRST_CAPACITY) != 0)
		fatalx("out of memory");
	return store;
}

void keystore_clear(struct keystore *store)
{
	for (size_t i = 0; i < store->count; i++)
		free(store->keys[i]);
	store->count = 0;
	index_all(store);
}

void keystore_free(struct keystore *store)
{
	if (!store)
		return;
	keystore_clear(store);
	free(store->keys);
	free(store->slots);
	free(store);
}

int keystore_reserve(struct keystore *store)
{
	return store->count < store->capacity ? 0 : grow(store, store->capacity * 2);
}

size_t keystore_count(const struct keystore *store)
{
	return store->count;
}

const struct key *keystore_at(const struct keystore *store, size_t index)
{
	CHECK(index < store->count);
	return store->keys[index];
}

size_t keystore_after(const struct keystore *store, const char *id)
{
	size_t low = 0, high = store->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(store->keys[middle]->id, id) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct key *keystore_find(const struct keystore *store, const char *id)
{
	size_t after = keystore_after(store, id);
	return after > 0 && strcmp(store->keys[after - 1]->id, id) == 0 ? store->keys[after - 1] : NULL;
}

const struct key *keystore_find_name(const struct keystore *store, const char *name, uint64_t now)
{
	for (size_t i = 0; i < store->count; i++)
		if (strcmp(store->keys[i]->name, name) == 0 && key_state(store->keys[i], now) == KEY_ACTIVE)
			return store->keys[i];
	return NULL;
}

void keystore_put(struct keystore *store, struct key *key)
{
	size_t after = keystore_after(store, key->id);
	if (after > 0 && strcmp(store->keys[after - 1]->id, key->id) == 0) {
		free(store->keys[after - 1]);
		store->keys[after - 1] = key;
		index_all(store);
		return;
	}
	CHECK(store->count < store->capacity);
	memmove(&store->keys[after + 1], &store->keys[after], (store->count - after) * sizeof(struct key *));
	store->keys[after] = key;
	store->count++;
	index_key(store, key);
}

struct keystore_match keystore_match(const struct keystore *store, const uint8_t *credential)
{
	size_t place = place_of(store, credential);
	for (; store->slots[place].key; place = (place + 1) & (slot_count(store) - 1)) {
		const struct slot *slot = &store->slots[place];
		if (sodium_memcmp(slot_hash(slot), credential, CREDENTIAL_HASH_SIZE) == 0)
			return (struct keystore_match){slot->key, slot->former};
	}
	return (struct keystore_match){0};
}
