#include "admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/ctl.h"
#include "../proto/daemon/loop.h"
#include "change.h"
#include "keyjson.h"
#include "keytext.h"
#include "source.h"

enum { PAGE_BYTES = 40 * 1024 }; /* of JSON, before which a page of the list ends */

static bool show(const struct key *key, struct wire_out *json)
{
	return ctl_reply(json, keyjson_show(key, loop_wall()));
}

/* Whether the secret belongs to a key already; says so. */
static bool secret_is_taken(const struct admin *admin, const uint8_t *hash, struct wire_out *json)
{
	char error[128];
	struct keystore_match match = keystore_match(admin->keys, hash);
	if (!match.key)
		return false;
	snprintf(error, sizeof(error), "this secret %s key %s%s", match.former ? "used to open" : "belongs to",
	         match.key->id, match.key->revoked ? ", which is revoked" : " already");
	ctl_refuse(json, error);
	return true;
}

/* Whether a new key would be taken for another; says so. */
static bool is_taken(const struct admin *admin, const struct key *key, struct wire_out *json)
{
	char error[256];
	const struct key *other = keystore_find_name(admin->keys, key->name, loop_wall());
	if (keystore_find(admin->keys, key->id)) {
		snprintf(error, sizeof(error), "there is a key %s already", key->id);
		ctl_refuse(json, error);
		return true;
	}
	if (other) {
		snprintf(error, sizeof(error), "there is an active key of the name \"%s\" already: %s", key->name, other->id);
		ctl_refuse(json, error);
		return true;
	}
	return secret_is_taken(admin, key->hash, json);
}

static bool create(struct admin *admin, struct args *args, struct wire_out *json)
{
	struct key *key = keyjson_new(args, &admin->defaults, loop_wall());
	if (!key)
		return ctl_refuse(json, args->error);
	const struct key *same = keystore_find(admin->keys, key->id);
	bool repeated = same && memcmp(same->hash, key->hash, sizeof(key->hash)) == 0;
	if (repeated || is_taken(admin, key, json)) {
		free(key);
		return repeated && show(same, json);
	}
	change_make(admin->store, key, "key.create");
	return true;
}

static bool list(struct admin *admin, struct args *args, struct wire_out *json)
{
	size_t next = keystore_after(admin->keys, args_text(args, "after", "")), bytes = 0;
	if (!args_good(args))
		return ctl_refuse(json, args->error);
	json_t *page = json_array();
	for (; next < keystore_count(admin->keys) && bytes < PAGE_BYTES; next++) {
		json_t *shown = keyjson_show(keystore_at(admin->keys, next), loop_wall());
		bytes += json_dumpb(shown, NULL, 0, JSON_COMPACT);
		json_array_append_new(page, shown);
	}
	bool more = next < keystore_count(admin->keys);
	return ctl_reply(json, json_pack("{s:o, s:b}", "keys", page, "more", more));
}

/* The key that the call is about, or NULL after having said that there is none. */
static const struct key *subject(const struct admin *admin, struct args *args, struct wire_out *json)
{
	const struct key *key = keystore_find(admin->keys, args_text(args, "id", NULL));
	if (!args_good(args))
		ctl_refuse(json, args->error);
	else if (!key)
		ctl_refuse(json, "there is no such key");
	return args_good(args) ? key : NULL;
}

static bool show_one(struct admin *admin, struct args *args, struct wire_out *json)
{
	const struct key *key = subject(admin, args, json);
	return key && show(key, json);
}

static bool revoke(struct admin *admin, struct args *args, struct wire_out *json)
{
	const struct key *key = subject(admin, args, json);
	if (!key || key->revoked != 0)
		return key && show(key, json);
	struct key *changed = key_copy(key);
	if (!changed)
		return ctl_refuse(json, "out of memory");
	changed->revoked = loop_wall();
	change_make(admin->store, changed, "key.revoke");
	return true;
}

/* With no grace the old secret is kept all the same, as one that is over, wherever the clock is set to: its holder
 * hears "revoked". */
static bool replace_secret(struct admin *admin, const struct key *key, const uint8_t *hash, uint64_t grace,
                           struct wire_out *json)
{
	struct key *changed = key_copy(key);
	if (!changed)
		return ctl_refuse(json, "out of memory");
	changed->former.until = grace > 0 ? loop_wall() + grace : KEY_FORMER_OVER;
	changed->former.generation = key->generation;
	memcpy(changed->former.hash, key->hash, sizeof(changed->former.hash));
	memcpy(changed->hash, hash, sizeof(changed->hash));
	change_make(admin->store, changed, "key.rotate");
	return true;
}

static bool rotate(struct admin *admin, struct args *args, struct wire_out *json)
{
	uint8_t hash[CREDENTIAL_HASH_SIZE];
	args_hash(args, "hash", hash);
	uint64_t grace = args_number(args, "grace_ms", KEYTEXT_DURATION_MAX, 0);
	const struct key *key = subject(admin, args, json);
	if (!key)
		return false;
	if (memcmp(key->hash, hash, sizeof(hash)) == 0)
		return show(key, json);
	if (key_state(key, loop_wall()) != KEY_ACTIVE)
		return ctl_refuse(json, "the key is revoked or expired: make a new one");
	if (secret_is_taken(admin, hash, json))
		return false;
	return replace_secret(admin, key, hash, grace, json);
}

static const struct verb {
	const char *name;
	bool (*run)(struct admin *admin, struct args *args, struct wire_out *json);
	const char *members[14]; /* that its arguments may have; the last is NULL */
} verbs[] = {
	{"key.create", create, {KEYJSON_NEW_MEMBERS}},
	{"key.list", list, {"after"}},
	{"key.show", show_one, {"id"}},
	{"key.revoke", revoke, {"id"}},
	{"key.rotate", rotate, {"id", "hash", "grace_ms"}},
};

/* A handler that makes a change returns without an answer: change.c gives it. */
static bool run(struct admin *admin, const struct verb *verb, const struct ctl_call *call, struct wire_out *json)
{
	struct args args;
	args_open(&args, call->json, verb->members);
	bool done = args_good(&args) ? verb->run(admin, &args, json) : ctl_refuse(json, args.error);
	args_close(&args);
	return done;
}

bool admin_call(void *admin, const struct ctl_call *call, struct wire_out *json)
{
	const struct verb *verb = verbs, *end = verbs + sizeof(verbs) / sizeof(*verbs);
	while (verb < end && strcmp(verb->name, call->verb) != 0)
		verb++;
	if (verb == end)
		return ctl_refuse(json, "there is no such call");
	if (!source_has_keys())
		return ctl_refuse(json, "the keys are not known yet: the database cannot be reached");
	return run(admin, verb, call, json);
}
