#include "keyjson.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keytext.h"

enum { CONCURRENCY_MAX = 1000000 };

/* Appends one model name; false when it is none, or there is no room. */
static bool add_model(char *models, const char *name)
{
	size_t length = strlen(models);
	if (!name || !keytext_is_label(name, MODEL_NAME_MAX) || strchr(name, ',') || strcmp(name, "*") == 0)
		return false;
	int added = snprintf(models + length, MODEL_LIST_MAX + 1 - length, "%s%s", length > 0 ? "\n" : "", name);
	return length + (size_t)added <= MODEL_LIST_MAX;
}

/* No list and an empty list are not the same: the second would be a key for every model by accident. */
static void read_models(struct args *args, char *models)
{
	const json_t *list = json_object_get(args->object, "models");
	models[0] = '\0';
	if (!list)
		return;
	if (!json_is_array(list) || json_array_size(list) == 0)
		args_fail(args, "models", "must be a list of names");
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!add_model(models, json_string_value(json_array_get(list, i))))
			args_fail(args, "models", "has a name that is none (leave models out to allow all), or is too long");
}

static void read_label(struct args *args, const char *member, const char *fallback, char *text, size_t size)
{
	const char *value = args_text(args, member, fallback);
	if (*value != '\0' && !keytext_is_label(value, size - 1))
		args_fail(args, member, "is too long, or has control characters or spaces around it");
	snprintf(text, size, "%s", value);
}

static void read_limits(struct args *args, const struct limits *defaults, struct limits *limits)
{
	*limits = *defaults;
	limits->rpm = (uint32_t)args_number(args, "rpm", UINT32_MAX, defaults->rpm);
	limits->tpm = (uint32_t)args_number(args, "tpm", UINT32_MAX, defaults->tpm);
	limits->concurrency = (uint32_t)args_number(args, "concurrency", CONCURRENCY_MAX, defaults->concurrency);
	if (json_object_get(args->object, "budget") && keytext_budget(args_text(args, "budget", NULL), limits) != 0)
		args_fail(args, "budget", "must be like 1000000/month or 50000/day, or 0 for none");
}

static void read_scope(struct args *args, struct scope *scope)
{
	scope->local_only = args_flag(args, "local_only");
	scope->images = (uint32_t)args_number(args, "images", UINT32_MAX, 0);
	scope->image_kib = (uint32_t)args_number(args, "image_kib", UINT32_MAX, 0);
}

static void read_fields(struct args *args, const struct limits *defaults, uint64_t now, struct key *key)
{
	read_label(args, "id", NULL, key->id, sizeof(key->id));
	read_label(args, "name", NULL, key->name, sizeof(key->name));
	read_label(args, "owner", "", key->owner, sizeof(key->owner));
	read_limits(args, defaults, &key->limits);
	read_scope(args, &key->scope);
	args_hash(args, "hash", key->hash);
	key->created = key->changed = now;
	key->expires = args_number(args, "expires", KEYTEXT_TIME_MAX, 0);
	if (!keytext_is_id(key->id))
		args_fail(args, "id", "must be 10 letters and digits");
	if (*key->name == '\0')
		args_fail(args, "name", "is empty");
	if (key->expires != 0 && key->expires <= now)
		args_fail(args, "expires", "is in the past");
}

struct key *keyjson_new(struct args *args, const struct limits *defaults, uint64_t now)
{
	char models[MODEL_LIST_MAX + 1];
	read_models(args, models);
	struct key *key = key_new(models);
	if (!key)
		args_fail(args, "the key", "does not fit into memory");
	else
		read_fields(args, defaults, now, key);
	if (args_good(args))
		return key;
	free(key);
	return NULL;
}

/* NULL, which Jansson's packer writes as null, when there is no such moment. */
static const char *show_time(char *text, uint64_t ms)
{
	keytext_time_format(text, ms);
	return ms != 0 ? text : NULL;
}

static json_t *show_models(const char *models)
{
	json_t *list = json_array();
	for (const char *name = models; *name; name += strspn(name, "\n")) {
		size_t length = strcspn(name, "\n");
		json_array_append_new(list, json_stringn(name, length));
		name += length;
	}
	return list;
}

/* What the key was given, rules included. */
static json_t *show_limits(const struct key *key)
{
	char budget[KEYTEXT_BUDGET_SIZE];
	const struct limits *limits = &key->limits;
	const struct scope *scope = &key->scope;
	keytext_budget_format(budget, limits);
	return json_pack("{s:I, s:I, s:I, s:s, s:b, s:I, s:I}", "rpm", (json_int_t)limits->rpm, "tpm",
	                 (json_int_t)limits->tpm, "concurrency", (json_int_t)limits->concurrency, "budget", budget,
	                 "local_only", scope->local_only, "images", (json_int_t)scope->images, "image_kib",
	                 (json_int_t)scope->image_kib);
}

json_t *keyjson_show(const struct key *key, uint64_t now)
{
	char created[KEYTEXT_TIME_SIZE], expires[KEYTEXT_TIME_SIZE], revoked[KEYTEXT_TIME_SIZE], former[KEYTEXT_TIME_SIZE];
	bool former_works = key_floor(key, now) != key->generation;
	json_t *shown = json_pack("{s:s, s:s, s:s, s:s, s:I}", "id", key->id, "name", key->name, "owner", key->owner,
	                          "state", key_state_name(key_state(key, now)), "generation", (json_int_t)key->generation);
	json_object_set_new(shown, "models", show_models(key->models));
	json_t *limits = show_limits(key);
	json_object_update(shown, limits);
	json_decref(limits);
	json_t *times = json_pack("{s:s?, s:s?, s:s?, s:s?}", "created", show_time(created, key->created), "expires",
	                          show_time(expires, key->expires), "revoked", show_time(revoked, key->revoked),
	                          "former_secret_until", show_time(former, former_works ? key->former.until : 0));
	json_object_update(shown, times);
	json_decref(times);
	return shown;
}

/* A list of models that would not fit is there as their number. */
void keyjson_detail(const struct key *key, char *text, size_t size)
{
	char expires[KEYTEXT_TIME_SIZE];
	json_t *detail = show_limits(key), *models = show_models(key->models);
	json_object_set_new(detail, "owner", json_string(key->owner));
	json_object_set_new(detail, "generation", json_integer((json_int_t)key->generation));
	if (key->expires != 0)
		json_object_set_new(detail, "expires", json_string(show_time(expires, key->expires)));
	json_object_set(detail, "models", models);
	if (json_dumpb(detail, NULL, 0, JSON_COMPACT) >= size)
		json_object_set_new(detail, "models", json_integer((json_int_t)json_array_size(models)));
	size_t length = json_dumpb(detail, text, size - 1, JSON_COMPACT);
	text[length < size ? length : 0] = '\0';
	json_decref(models);
	json_decref(detail);
}
