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

static bool limits_equal(const struct limits *a, const struct limits *b)
{
	return a->rpm == b->rpm && a->tpm == b->tpm && a->concurrency == b->concurrency && a->budget == b->budget &&
	       a->period == b->period;
}

static bool scope_equal(const struct scope *a, const struct scope *b)
{
	return a->local_only == b->local_only && a->images == b->images && a->image_kib == b->image_kib;
}

static bool former_equal(const struct key_former *a, const struct key_former *b)
{
	return a->until == b->until && a->generation == b->generation && memcmp(a->hash, b->hash, sizeof(a->hash)) == 0;
}

bool key_equal(const struct key *a, const struct key *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->name, b->name) == 0 && strcmp(a->owner, b->owner) == 0 &&
	       strcmp(a->models, b->models) == 0 && limits_equal(&a->limits, &b->limits) &&
	       scope_equal(&a->scope, &b->scope) && a->generation == b->generation && a->created == b->created &&
	       a->changed == b->changed && a->expires == b->expires && a->revoked == b->revoked &&
	       memcmp(a->hash, b->hash, sizeof(a->hash)) == 0 && former_equal(&a->former, &b->former);
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
