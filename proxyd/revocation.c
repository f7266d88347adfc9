#include "revocation.h"

#include <string.h>

static void forget_old(struct revocations *revocations, uint64_t now_ms)
{
	size_t kept = 0;
	for (size_t i = 0; i < revocations->count; i++)
		if (revocations->list[i].until > now_ms)
			revocations->list[kept++] = revocations->list[i];
	revocations->count = kept;
}

static struct revocation *find(struct revocations *revocations, const char *key_id)
{
	for (size_t i = 0; i < revocations->count; i++)
		if (strcmp(revocations->list[i].revoke.key_id, key_id) == 0)
			return &revocations->list[i];
	return NULL;
}

void revocation_add(struct revocations *revocations, const struct auth_revoke *revoke, uint64_t now_ms)
{
	struct revocation *entry = find(revocations, revoke->key_id);
	if (entry && entry->revoke.generation >= revoke->generation && entry->until > now_ms)
		return;
	if (!entry) {
		forget_old(revocations, now_ms);
		if (revocations->count == REVOCATIONS_MAX) {
			revocations->full_until = now_ms + REVOCATION_MS;
			return;
		}
		entry = &revocations->list[revocations->count++];
	}
	*entry = (struct revocation){*revoke, now_ms + REVOCATION_MS};
}

bool revocation_covers(const struct revocations *revocations, const struct lease *lease, uint64_t now_ms)
{
	if (revocations->full_until > now_ms)
		return true;
	for (size_t i = 0; i < revocations->count; i++) {
		const struct revocation *entry = &revocations->list[i];
		if (entry->until > now_ms && lease->generation < entry->revoke.generation &&
		    strcmp(entry->revoke.key_id, lease->key_id) == 0)
			return true;
	}
	return false;
}
