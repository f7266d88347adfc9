#include "snapshot_bytes.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { SEAL_SIZE = 32, LENGTHS_SIZE = 16 /* of a key's strings, and more */ };

/* The first bytes say what it is and in which version. */
static const char mark[] = "heimgate keys 2\n";
enum { MARK_SIZE = sizeof(mark) - 1, HEAD_SIZE = MARK_SIZE + 8 + 4 };

static void seal(uint8_t *sealed, const uint8_t *data, size_t length, const uint8_t *key)
{
	crypto_generichash(sealed, SEAL_SIZE, data, length, key, STAMP_KEY_SIZE);
}

/* --- writing --- */

static void put_key(struct wire_out *out, const struct key *key)
{
	wire_put_str(out, key->models, MODEL_LIST_MAX);
	wire_put_str(out, key->id, KEY_ID_MAX);
	wire_put_str(out, key->name, KEY_NAME_MAX);
	wire_put_str(out, key->owner, KEY_OWNER_MAX);
	wire_put_u32(out, key->limits.rpm);
	wire_put_u32(out, key->limits.tpm);
	wire_put_u32(out, key->limits.concurrency);
	wire_put_u64(out, key->limits.budget);
	wire_put_u8(out, (uint8_t)key->limits.period);
	wire_put_u8(out, key->scope.local_only);
	wire_put_u32(out, key->scope.images);
	wire_put_u32(out, key->scope.image_kib);
	wire_put_u64(out, key->generation);
	wire_put_u64(out, key->created);
	wire_put_u64(out, key->changed);
	wire_put_u64(out, key->expires);
	wire_put_u64(out, key->revoked);
	wire_put_fixed(out, key->hash, sizeof(key->hash));
	wire_put_u64(out, key->former.until);
	wire_put_u64(out, key->former.generation);
	wire_put_fixed(out, key->former.hash, sizeof(key->former.hash));
}

static struct key *get_key(struct wire_in *in)
{
	char models[MODEL_LIST_MAX + 1];
	wire_get_str(in, models, sizeof(models));
	struct key *key = key_new(models);
	if (!key)
		return NULL;
	wire_get_str(in, key->id, sizeof(key->id));
	wire_get_str(in, key->name, sizeof(key->name));
	wire_get_str(in, key->owner, sizeof(key->owner));
	key->limits.rpm = wire_get_u32(in);
	key->limits.tpm = wire_get_u32(in);
	key->limits.concurrency = wire_get_u32(in);
	key->limits.budget = wire_get_u64(in);
	key->limits.period = (enum budget_period)wire_get_enum(in, BUDGET_PERIOD_LAST);
	key->scope.local_only = wire_get_enum(in, 1);
	key->scope.images = wire_get_u32(in);
	key->scope.image_kib = wire_get_u32(in);
	key->generation = wire_get_u64(in);
	key->created = wire_get_u64(in);
	key->changed = wire_get_u64(in);
	key->expires = wire_get_u64(in);
	key->revoked = wire_get_u64(in);
	wire_get_fixed(in, key->hash, sizeof(key->hash));
	key->former.until = wire_get_u64(in);
	key->former.generation = wire_get_u64(in);
	wire_get_fixed(in, key->former.hash, sizeof(key->former.hash));
	return key;
}

/* A key in memory takes more than its fields in a row. */
size_t snapshot_bytes_max(const struct keystore *keys)
{
	size_t size = HEAD_SIZE + SEAL_SIZE;
	for (size_t i = 0; i < keystore_count(keys); i++)
		size += sizeof(struct key) + strlen(keystore_at(keys, i)->models) + LENGTHS_SIZE;
	return size;
}

void snapshot_bytes_write(struct wire_out *out, const struct keystore *keys, uint64_t now, const uint8_t *seal_key)
{
	uint8_t sealed[SEAL_SIZE];
	wire_put_fixed(out, mark, MARK_SIZE);
	wire_put_u64(out, now);
	wire_put_u32(out, (uint32_t)keystore_count(keys));
	for (size_t i = 0; i < keystore_count(keys); i++)
		put_key(out, keystore_at(keys, i));
	seal(sealed, out->data, out->length, seal_key);
	wire_put_fixed(out, sealed, sizeof(sealed));
}

/* --- reading --- */

/* Takes keys until there are no more of them, or one that is none. */
static void take_keys(struct wire_in *in, uint32_t count, struct keystore *keys)
{
	for (uint32_t i = 0; i < count && in->error == WIRE_OK; i++) {
		struct key *key = get_key(in);
		if (!key || in->error != WIRE_OK || keystore_reserve(keys) != 0) {
			free(key);
			return;
		}
		keystore_put(keys, key);
	}
}

const char *snapshot_bytes_read(const uint8_t *data, size_t length, const uint8_t *seal_key, struct keystore *keys,
                                uint64_t *known)
{
	struct wire_in in;
	char found[MARK_SIZE];
	uint8_t sealed[SEAL_SIZE];
	if (length < HEAD_SIZE + SEAL_SIZE)
		return "it is too short";
	length -= SEAL_SIZE;
	seal(sealed, data, length, seal_key);
	if (sodium_memcmp(sealed, data + length, SEAL_SIZE) != 0)
		return "its seal is not ours, or it was altered";
	wire_in_init(&in, data, length);
	wire_get_fixed(&in, found, sizeof(found));
	*known = wire_get_u64(&in);
	uint32_t count = wire_get_u32(&in);
	if (memcmp(found, mark, sizeof(found)) == 0)
		take_keys(&in, count, keys);
	if (wire_end(&in) == WIRE_OK && keystore_count(keys) == count)
		return NULL;
	keystore_clear(keys);
	return "it is of another version";
}
