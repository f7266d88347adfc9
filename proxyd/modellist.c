#include "modellist.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"
#include "modellist_private.h"

#define GEMINI_PREFIX "models/"

enum { VALUES_MAX = 128 * 1024 }; /* in a list: each may take some 300 bytes once it is read */

const struct model *modellist_route(const struct modellist *list, const char *name, const char **there)
{
	*there = name;
	return models_route(list->models, there);
}

bool modellist_may_reach(const struct modellist *list, const struct target *target)
{
	return !list->local_only || list->models->upstreams[target->upstream].local;
}

/* --- what upstreams say --- */

static bool leads_to(const struct modellist *list, const struct model *model, size_t upstream)
{
	for (size_t i = 0; model && i < model_targets(model); i++)
		if (model->targets[i].upstream == upstream && modellist_may_reach(list, &model->targets[i]))
			return true;
	return false;
}

bool modellist_leads_to(const struct modellist *list, const char *name, size_t upstream)
{
	const char *there;
	return leads_to(list, modellist_route(list, name, &there), upstream);
}

bool modellist_wants(const struct modellist *list, size_t upstream)
{
	if (!list->native)
		return modellist_leads_to(list, "*", upstream);
	if (list->models->upstreams[upstream].kind != UPSTREAM_OLLAMA)
		return false;
	for (size_t i = 0; i < list->models->model_count; i++)
		if (modellist_leads_to(list, list->models->models[i].name, upstream))
			return true;
	return false;
}

/* Gemini's names have a prefix that its own clients leave out. */
static void plain_name(const struct upstream *upstream, json_t *entry)
{
	const char *id = json_string_value(json_object_get(entry, "id"));
	bool prefixed = id && strncmp(id, GEMINI_PREFIX, strlen(GEMINI_PREFIX)) == 0;
	if (upstream->kind == UPSTREAM_GEMINI && prefixed)
		json_object_set_new(entry, "id", json_string(id + strlen(GEMINI_PREFIX)));
}

/* At least as many values as there are. */
static size_t count_values(const char *answer, size_t length)
{
	size_t count = 1;
	for (size_t i = 0; i < length; i++)
		count += answer[i] == ',' || answer[i] == '[' || answer[i] == '{';
	return count;
}

json_t *modellist_parse(const char *answer, size_t length)
{
	return count_values(answer, length) <= VALUES_MAX ? json_loadb(answer, length, 0, NULL) : NULL;
}

/* The array of an answer; an empty one for null, which Ollama answers when it has none; NULL when it is no list. */
static json_t *read_entries(const struct upstream *upstream, const char *answer, size_t length, const char *member)
{
	json_t *object = modellist_parse(answer, length), *entry;
	json_t *found = json_object_get(object, member);
	json_t *entries = json_is_array(found) ? json_incref(found) : json_is_null(found) ? json_array() : NULL;
	size_t index;
	json_array_foreach(entries, index, entry)
	{
		plain_name(upstream, entry);
	}
	json_decref(object);
	return entries;
}

bool modellist_take(struct modellist *list, size_t upstream, const char *answer, size_t length)
{
	const struct upstream *of = &list->models->upstreams[upstream];
	json_t *entries = read_entries(of, answer, length, list->native ? "models" : "data");
	if (!entries)
		return false;
	list->listings = reallocarray(list->listings, list->count + 1, sizeof(*list->listings));
	CHECK(list->listings != NULL);
	list->listings[list->count++] = (struct listing){upstream, entries};
	return true;
}

void modellist_clear(struct modellist *list)
{
	while (list->count > 0)
		json_decref(list->listings[--list->count].entries);
	free(list->listings);
	list->listings = NULL;
}

/* --- what models.json says --- */

bool modellist_shows(const struct modellist *list, const char *name)
{
	const char *there;
	if (strcmp(name, "*") == 0 || !model_list_allows(list->allowed, name))
		return false;
	const struct model *model = modellist_route(list, name, &there);
	for (size_t i = 0; i < model_targets(model); i++)
		if (modellist_may_reach(list, &model->targets[i]))
			return true;
	return false;
}

bool modellist_is_configured(const struct modellist *list, const char *id)
{
	const struct model *model = models_find(list->models, id);
	return model && strcmp(id, "*") != 0 && strcmp(model->name, id) == 0;
}

/* --- OpenAI's list --- */

static json_t *configured_model(const struct modellist *list, const char *id)
{
	return json_pack("{s:s,s:s,s:I,s:s}", "id", id, "object", "model", "created", (json_int_t)list->created, "owned_by",
	                 "heimgate");
}

static void add_configured(const struct modellist *list, json_t *data)
{
	for (size_t i = 0; i < list->models->model_count; i++) {
		const char *id = list->models->models[i].name;
		if (modellist_shows(list, id))
			json_array_append_new(data, configured_model(list, id));
	}
}

/* Of two upstreams that list the same model, the first one's words stand. */
static bool is_wanted(const struct modellist *list, const json_t *seen, const char *id)
{
	return id && model_list_allows(list->allowed, id) && !modellist_is_configured(list, id) &&
	       !json_object_get(seen, id);
}

static json_t *gather(const struct modellist *list)
{
	json_t *data = json_array(), *seen = json_object(), *entry;
	size_t index;
	add_configured(list, data);
	for (size_t i = 0; i < list->count; i++) {
		json_array_foreach(list->listings[i].entries, index, entry)
		{
			const char *id = json_string_value(json_object_get(entry, "id"));
			if (!is_wanted(list, seen, id))
				continue;
			json_array_append(data, entry);
			json_object_set_new(seen, id, json_true());
		}
	}
	json_decref(seen);
	return data;
}

char *modellist_render(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);
	CHECK(text != NULL);
	json_decref(object);
	return text;
}

char *modellist_all(const struct modellist *list)
{
	return modellist_render(json_pack("{s:s,s:o}", "object", "list", "data", gather(list)));
}

char *modellist_one(const struct modellist *list, const char *id)
{
	json_t *data = gather(list), *entry;
	char *text = NULL;
	size_t index;
	json_array_foreach(data, index, entry)
	{
		if (!text && strcmp(json_string_value(json_object_get(entry, "id")), id) == 0)
			text = modellist_render(json_incref(entry));
	}
	json_decref(data);
	return text;
}

long modellist_names(const struct upstream *upstream, const char *answer, size_t length, char *names, size_t size)
{
	json_t *entries = read_entries(upstream, answer, length, "data"), *entry;
	size_t index, used = 0;
	json_array_foreach(entries, index, entry)
	{
		const char *id = json_string_value(json_object_get(entry, "id"));
		if (!id || strchr(id, '\n') || used + strlen(id) + 1 > size)
			continue;
		used += (size_t)(stpcpy(names + used, id) - (names + used));
		names[used++] = '\n';
	}
	json_decref(entries);
	return entries ? (long)(used > 0 ? used - 1 : 0) : -1;
}
