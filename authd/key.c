#include "key.h"

#include <stdlib.h>
#include <string.h>

struct key *key_new(const char *models)
{
	size_t size = strlen(models) + 1;
	struct key *key = calloc(1, sizeof(*key) + size);
	if (key)
		memcpy(key->models, models, size);
	return key;
}

struct key *key_copy(const struct key *key)
{
	size_t size = sizeof(*key) + strlen(key->models) + 1;
	struct key *copy = malloc(size);
	return copy ? memcpy(copy, key, size) : NULL;
}

enum key_state key_state(const struct key *key, uint64_t now)
{
	if (key->revoked != 0)
		return KEY_REVOKED;
	return key->expires != 0 && key->expires <= now ? KEY_EXPIRED : KEY_ACTIVE;
}

const char *key_state_name(enum key_state state)
{
	static const char *const names[] = {[KEY_ACTIVE] = "active", [KEY_REVOKED] = "revoked", [KEY_EXPIRED] = "expired"};
	return names[state];
}

uint64_t key_floor(const struct key *key, uint64_t now)
{
	bool former_is_good = key->revoked == 0 && now < key->former.until;
	return former_is_good ? key->former.generation : key->generation;
}
