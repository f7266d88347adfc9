/* authd as calls reach it: what is asked to be saved is saved at once. */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../../authd/admin.h"
#include "../../authd/change.h"
#include "../../authd/keyjson.h"
#include "../../authd/keytext.h"
#include "../../authd/source.h"
#include "../../authd/verify.h"
#include "../../proto/daemon/ctl.h"
#include "../../proto/daemon/loop.h"
#include "../../proto/wire/msg_audit.h"
#include "calls.h"

#define BEGINNING UINT64_C(1700000000000)

static struct admin admin = {.defaults = {60, 0, 3, 1000, BUDGET_DAY}};
static uint64_t wall, generation;

/* --- what may be saved --- */

static void judge_models(const char *models)
{
	size_t length = strlen(models);
	assert(length <= MODEL_LIST_MAX);
	for (const char *name = models; *name != '\0'; name += strspn(name, "\n")) {
		length = strcspn(name, "\n");
		assert(length >= 1 && length <= MODEL_NAME_MAX && (length > 1 || *name != '*'));
		name += length;
	}
}

static void judge_fields(const struct key *key)
{
	assert(keytext_is_id(key->id) && keytext_is_label(key->name, KEY_NAME_MAX));
	assert(*key->owner == '\0' || keytext_is_label(key->owner, KEY_OWNER_MAX));
	assert(key->limits.budget <= KEYTEXT_BUDGET_MAX && key->limits.period <= BUDGET_PERIOD_LAST);
	assert((key->limits.period == BUDGET_NONE) == (key->limits.budget == 0));
	assert(key->expires <= INT64_MAX && key->former.until <= wall + KEYTEXT_DURATION_MAX);
	judge_models(key->models);
}

/* No other key may be taken for it, by its secrets or, when it is new, by its name. */
static void judge_among_others(const struct key *key)
{
	bool is_new = !keystore_find(admin.keys, key->id);
	for (size_t i = 0; i < keystore_count(admin.keys); i++) {
		const struct key *other = keystore_at(admin.keys, i);
		if (strcmp(other->id, key->id) == 0)
			continue;
		assert(memcmp(other->hash, key->hash, sizeof(key->hash)) != 0);
		assert(other->former.until == 0 || memcmp(other->former.hash, key->hash, sizeof(key->hash)) != 0);
		assert(!is_new || key_state(other, wall) != KEY_ACTIVE || strcmp(other->name, key->name) != 0);
	}
}

/* What is recorded of it is an object, or too long for one. */
static void judge_detail(const struct key *key)
{
	char text[RECORD_DETAIL_MAX + 1];
	memset(text, 'x', sizeof(text));
	keyjson_detail(key, text, sizeof(text));
	assert(memchr(text, '\0', sizeof(text)));
	json_t *detail = json_loads(text, 0, NULL);
	assert(json_is_object(detail));
	json_decref(detail);
}

static void judge_grant(const struct key *key)
{
	static const uint8_t seal_key[STAMP_KEY_SIZE] = "a key that only this harness has";
	uint8_t sealed[GRANT_MAX];
	struct grant grant = {.limits = key->limits, .scope = key->scope};
	struct wire_out out;
	memcpy(grant.key_id, key->id, sizeof(grant.key_id));
	memcpy(grant.key_name, key->name, sizeof(grant.key_name));
	memcpy(grant.models, key->models, strlen(key->models) + 1);
	wire_out_init(&out, sealed, sizeof(sealed));
	grant_seal(&out, &grant, seal_key);
	assert(out.error == WIRE_OK);
}

/* The arguments that make the key that is shown. */
static json_t *describe(const struct key *key)
{
	char hex[2 * CREDENTIAL_HASH_SIZE + 1];
	static const char *const same[] = {"id",          "name",       "owner",  "rpm",      "tpm",
	                                   "concurrency", "local_only", "images", "image_kib"};
	json_t *shown = keyjson_show(key, wall), *arguments = json_object();
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		json_object_set(arguments, same[i], json_object_get(shown, same[i]));
	if (json_array_size(json_object_get(shown, "models")) > 0)
		json_object_set(arguments, "models", json_object_get(shown, "models"));
	const char *budget = json_string_value(json_object_get(shown, "budget"));
	json_object_set_new(arguments, "budget", json_string(*budget ? budget : "0"));
	if (key->expires != 0)
		json_object_set_new(arguments, "expires", json_integer((json_int_t)key->expires));
	sodium_bin2hex(hex, sizeof(hex), key->hash, sizeof(key->hash));
	json_object_set_new(arguments, "hash", json_string(hex));
	json_decref(shown);
	return arguments;
}

static void judge_again(const struct key *key)
{
	static const char *const members[] = {KEYJSON_NEW_MEMBERS, NULL};
	json_t *arguments = describe(key);
	char *text = json_dumps(arguments, JSON_COMPACT);
	struct args args;
	args_open(&args, (struct wire_bytes){(const uint8_t *)text, strlen(text)}, members);
	struct key *again = keyjson_new(&args, &admin.defaults, wall);
	assert(again);
	again->changed = key->changed;
	assert(key_equal(again, key));
	args_close(&args);
	free(again);
	free(text);
	json_decref(arguments);
}

/* --- in place of change.c, source.c and loop.c --- */

void change_make(struct store *store, struct key *key, const char *action)
{
	assert(store == admin.store);
	judge_fields(key);
	judge_among_others(key);
	judge_detail(key);
	judge_grant(key);
	if (strcmp(action, "key.create") == 0)
		judge_again(key);
	key->generation = ++generation;
	assert(keystore_reserve(admin.keys) == 0);
	keystore_put(admin.keys, key);
	ipc_ctl_ticket ticket = ipc_ctl_later();
	ipc_ctl_end(ticket, ctl_reply(ipc_ctl_begin(), keyjson_show(key, wall)));
}

bool source_has_keys(void)
{
	return true;
}

uint64_t loop_wall(void)
{
	return wall;
}

/* --- */

void calls_keys_begin(void)
{
	if (!admin.keys)
		admin.keys = keystore_new();
	keystore_clear(admin.keys);
	wall = BEGINNING;
	generation = 0;
}

bool calls_keys(const struct ctl_call *call, struct wire_out *json)
{
	wall += 1000;
	return admin_call(&admin, call, json);
}
