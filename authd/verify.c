#include "verify.h"

#include <stdio.h>
#include <string.h>

static uint64_t earlier(uint64_t expires, uint64_t end)
{
	return end != 0 && end < expires ? end : expires;
}

static void fill_grant(struct grant *grant, struct keystore_match match, uint64_t expires)
{
	const struct key *key = match.key;
	*grant = (struct grant){.generation = key->generation, .limits = key->limits, .scope = key->scope};
	memcpy(grant->key_id, key->id, sizeof(grant->key_id));
	memcpy(grant->key_name, key->name, sizeof(grant->key_name));
	snprintf(grant->models, sizeof(grant->models), "%s", key->models);
	grant->expires = earlier(expires, key->expires);
	if (match.former) {
		grant->generation = key->former.generation;
		grant->expires = earlier(grant->expires, key->former.until);
	}
}

bool verify_credential(const struct keystore *keys, const uint8_t *credential, uint64_t now, uint64_t life,
                       struct grant *grant, struct auth_deny *deny)
{
	struct keystore_match match = keystore_match(keys, credential);
	*deny = (struct auth_deny){.reason = AUTH_UNKNOWN};
	if (!match.key)
		return false;
	memcpy(deny->key_id, match.key->id, sizeof(deny->key_id));
	enum key_state state = key_state(match.key, now);
	deny->reason = state == KEY_EXPIRED ? AUTH_EXPIRED : AUTH_REVOKED;
	if (state != KEY_ACTIVE || (match.former && match.key->former.until <= now))
		return false;
	fill_grant(grant, match, now + life);
	return true;
}
