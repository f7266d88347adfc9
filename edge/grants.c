#include "grants.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static struct grants_entry table[GRANTS_SETS][GRANTS_WAYS];

/* A SHA-256 is as good a hash as there is; one byte of it chooses the set. */
static struct grants_entry *set_of(const uint8_t *credential)
{
	return table[credential[0] % GRANTS_SETS];
}

static void forget(struct grants_entry *entry)
{
	free((void *)entry->sealed.data);
	*entry = (struct grants_entry){0};
}

/* A clock stepped backwards must not prolong a grant either. */
static bool in_time(uint64_t expires, uint64_t now_ms)
{
	return now_ms < expires && expires - now_ms <= STAMP_LIFE_MAX_MS;
}

static struct grants_entry *find(const uint8_t *credential)
{
	struct grants_entry *set = set_of(credential);
	for (unsigned i = 0; i < GRANTS_WAYS; i++)
		if (set[i].expires > 0 && sodium_memcmp(set[i].credential, credential, CREDENTIAL_HASH_SIZE) == 0)
			return &set[i];
	return NULL;
}

const struct grants_entry *grants_find(const uint8_t *credential, uint64_t now_ms)
{
	struct grants_entry *entry = find(credential);
	if (!entry || in_time(entry->expires, now_ms))
		return entry;
	forget(entry);
	return NULL;
}

/* The credential's own place, else an empty one, else the one that expires first. */
static struct grants_entry *place_for(const uint8_t *credential)
{
	struct grants_entry *own = find(credential);
	struct grants_entry *set = set_of(credential);
	struct grants_entry *place = own ? own : set;
	for (unsigned i = 1; i < GRANTS_WAYS && !own; i++)
		if (set[i].expires < place->expires)
			place = &set[i];
	forget(place);
	return place;
}

const struct grants_entry *grants_keep(const uint8_t *credential, struct wire_bytes sealed, uint64_t now_ms)
{
	struct grant grant;
	if (sealed.length > GRANT_MAX || grant_read(sealed, &grant) != WIRE_OK)
		return NULL;
	if (!in_time(grant.expires, now_ms))
		return NULL;
	uint8_t *copy = malloc(sealed.length);
	if (!copy)
		return NULL;
	memcpy(copy, sealed.data, sealed.length);
	struct grants_entry *entry = place_for(credential);
	memcpy(entry->credential, credential, sizeof(entry->credential));
	memcpy(entry->key_id, grant.key_id, sizeof(entry->key_id));
	memcpy(entry->key_name, grant.key_name, sizeof(entry->key_name));
	entry->generation = grant.generation;
	entry->expires = grant.expires;
	entry->sealed.data = copy;
	entry->sealed.length = sealed.length;
	return entry;
}

void grants_drop(const uint8_t *credential)
{
	struct grants_entry *entry = find(credential);
	if (entry)
		forget(entry);
}

void grants_revoke(const char *key_id, uint64_t generation)
{
	for (unsigned i = 0; i < GRANTS_MAX; i++) {
		struct grants_entry *entry = &table[i / GRANTS_WAYS][i % GRANTS_WAYS];
		if (entry->expires > 0 && entry->generation < generation && strcmp(entry->key_id, key_id) == 0)
			forget(entry);
	}
}
