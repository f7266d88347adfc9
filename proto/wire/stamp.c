#include "stamp.h"

#include <sodium.h>
#include <string.h>

enum { LABEL_GRANT = 'G', LABEL_LEASE = 'L' };

/* The label keeps a seal made for one kind of stamp from being good for another. */
static void compute_seal(uint8_t seal[STAMP_SEAL_SIZE], uint8_t label, const uint8_t *fields, size_t length,
                         const uint8_t *key)
{
	crypto_generichash_state state;
	crypto_generichash_init(&state, key, STAMP_KEY_SIZE, STAMP_SEAL_SIZE);
	crypto_generichash_update(&state, &label, 1);
	crypto_generichash_update(&state, fields, length);
	crypto_generichash_final(&state, seal, STAMP_SEAL_SIZE);
}

static void put_seal(struct wire_out *out, size_t start, uint8_t label, const uint8_t *key)
{
	uint8_t seal[STAMP_SEAL_SIZE];
	if (out->error != WIRE_OK)
		return;
	compute_seal(seal, label, out->data + start, out->length - start, key);
	wire_put_fixed(out, seal, sizeof(seal));
}

/* The fields in front of the seal, once the seal is known to be good (key NULL: whatever it is). */
static enum wire_error unseal(struct wire_bytes sealed, uint8_t label, const uint8_t *key, struct wire_in *fields)
{
	uint8_t seal[STAMP_SEAL_SIZE];
	if (sealed.length < STAMP_SEAL_SIZE)
		return WIRE_TRUNCATED;
	size_t length = sealed.length - STAMP_SEAL_SIZE;
	wire_in_init(fields, sealed.data, length);
	if (!key)
		return WIRE_OK;
	compute_seal(seal, label, sealed.data, length, key);
	return sodium_memcmp(seal, sealed.data + length, STAMP_SEAL_SIZE) == 0 ? WIRE_OK : WIRE_BAD_SEAL;
}

static enum wire_error in_time(uint64_t expires, uint64_t now_ms)
{
	return now_ms < expires && expires - now_ms <= STAMP_LIFE_MAX_MS ? WIRE_OK : WIRE_EXPIRED;
}

static void put_scope(struct wire_out *out, const struct scope *scope)
{
	wire_put_u8(out, scope->local_only);
	wire_put_u32(out, scope->images);
	wire_put_u32(out, scope->image_kib);
}

static void get_scope(struct wire_in *in, struct scope *scope)
{
	scope->local_only = wire_get_enum(in, 1);
	scope->images = wire_get_u32(in);
	scope->image_kib = wire_get_u32(in);
}

void grant_seal(struct wire_out *out, const struct grant *grant, const uint8_t *key)
{
	size_t start = out->length;
	wire_put_str(out, grant->key_id, KEY_ID_MAX);
	wire_put_str(out, grant->key_name, KEY_NAME_MAX);
	wire_put_str(out, grant->models, MODEL_LIST_MAX);
	wire_put_u64(out, grant->generation);
	wire_put_u64(out, grant->expires);
	wire_put_u32(out, grant->limits.rpm);
	wire_put_u32(out, grant->limits.tpm);
	wire_put_u32(out, grant->limits.concurrency);
	wire_put_u64(out, grant->limits.budget);
	wire_put_u8(out, (uint8_t)grant->limits.period);
	put_scope(out, &grant->scope);
	put_seal(out, start, LABEL_GRANT, key);
}

static enum wire_error grant_fields(struct wire_in *in, struct grant *grant)
{
	wire_get_str(in, grant->key_id, sizeof(grant->key_id));
	wire_get_str(in, grant->key_name, sizeof(grant->key_name));
	wire_get_str(in, grant->models, sizeof(grant->models));
	grant->generation = wire_get_u64(in);
	grant->expires = wire_get_u64(in);
	grant->limits.rpm = wire_get_u32(in);
	grant->limits.tpm = wire_get_u32(in);
	grant->limits.concurrency = wire_get_u32(in);
	grant->limits.budget = wire_get_u64(in);
	grant->limits.period = (enum budget_period)wire_get_enum(in, BUDGET_PERIOD_LAST);
	get_scope(in, &grant->scope);
	return wire_end(in);
}

enum wire_error grant_read(struct wire_bytes sealed, struct grant *grant)
{
	struct wire_in in;
	enum wire_error error = unseal(sealed, LABEL_GRANT, NULL, &in);
	return error != WIRE_OK ? error : grant_fields(&in, grant);
}

enum wire_error grant_open(struct wire_bytes sealed, const uint8_t *key, uint64_t now_ms, struct grant *grant)
{
	struct wire_in in;
	enum wire_error error = unseal(sealed, LABEL_GRANT, key, &in);
	if (error == WIRE_OK)
		error = grant_fields(&in, grant);
	return error != WIRE_OK ? error : in_time(grant->expires, now_ms);
}

void lease_seal(struct wire_out *out, const struct lease *lease, const uint8_t *key)
{
	size_t start = out->length;
	wire_put_fixed(out, lease->id, LEASE_ID_SIZE);
	wire_put_fixed(out, lease->request_id, REQUEST_ID_SIZE);
	wire_put_str(out, lease->key_id, KEY_ID_MAX);
	wire_put_str(out, lease->key_name, KEY_NAME_MAX);
	wire_put_str(out, lease->models, MODEL_LIST_MAX);
	wire_put_str(out, lease->model, MODEL_NAME_MAX);
	wire_put_str(out, lease->upstream, UPSTREAM_NAME_MAX);
	wire_put_u8(out, lease->target);
	wire_put_u8(out, (uint8_t)lease->route);
	put_scope(out, &lease->scope);
	wire_put_u64(out, lease->generation);
	wire_put_u64(out, lease->expires);
	wire_put_u64(out, lease->tokens);
	put_seal(out, start, LABEL_LEASE, key);
}

static enum wire_error lease_fields(struct wire_in *in, struct lease *lease)
{
	wire_get_fixed(in, lease->id, LEASE_ID_SIZE);
	wire_get_fixed(in, lease->request_id, REQUEST_ID_SIZE);
	wire_get_str(in, lease->key_id, sizeof(lease->key_id));
	wire_get_str(in, lease->key_name, sizeof(lease->key_name));
	wire_get_str(in, lease->models, sizeof(lease->models));
	wire_get_str(in, lease->model, sizeof(lease->model));
	wire_get_str(in, lease->upstream, sizeof(lease->upstream));
	lease->target = wire_get_u8(in);
	lease->route = wire_get_route(in);
	get_scope(in, &lease->scope);
	lease->generation = wire_get_u64(in);
	lease->expires = wire_get_u64(in);
	lease->tokens = wire_get_u64(in);
	return wire_end(in);
}

enum wire_error lease_read(struct wire_bytes sealed, struct lease *lease)
{
	struct wire_in in;
	enum wire_error error = unseal(sealed, LABEL_LEASE, NULL, &in);
	return error != WIRE_OK ? error : lease_fields(&in, lease);
}

enum wire_error lease_open_any_time(struct wire_bytes sealed, const uint8_t *key, struct lease *lease)
{
	struct wire_in in;
	enum wire_error error = unseal(sealed, LABEL_LEASE, key, &in);
	return error != WIRE_OK ? error : lease_fields(&in, lease);
}

enum wire_error lease_open(struct wire_bytes sealed, const uint8_t *key, uint64_t now_ms, struct lease *lease)
{
	enum wire_error error = lease_open_any_time(sealed, key, lease);
	return error != WIRE_OK ? error : in_time(lease->expires, now_ms);
}

bool model_list_allows(const char *list, const char *model)
{
	size_t length = strlen(model);
	if (strchr(model, '\n'))
		return false;
	if (*list == '\0')
		return true;
	for (const char *name = list; name; name = strchr(name, '\n') ? strchr(name, '\n') + 1 : NULL)
		if (strncmp(name, model, length) == 0 && (name[length] == '\n' || name[length] == '\0'))
			return true;
	return false;
}
