/* Ollama's own lists. */
#include <jansson.h>
#include <string.h>

#include "modellist.h"

static bool is_ollama(const struct models *models, const struct model *model)
{
	return models->upstreams[model->upstream].kind == UPSTREAM_OLLAMA;
}

long modellist_ollama(const struct models *models)
{
	const struct model *any = models_find(models, "*");
	if (any && is_ollama(models, any))
		return (long)any->upstream;
	for (size_t i = 0; i < models->model_count; i++)
		if (is_ollama(models, &models->models[i]))
			return (long)models->models[i].upstream;
	return -1;
}

/* The upstream's array; an empty one when there is no upstream; NULL when its answer is none. */
static json_t *upstream_models(const struct modellist *list)
{
	if (!list->upstream)
		return json_array();
	json_t *answer = json_loadb(list->upstream, list->upstream_length, 0, NULL);
	json_t *found = json_object_get(answer, "models");
	json_t *models = json_is_array(found) ? json_incref(found) : json_is_null(found) ? json_array() : NULL;
	json_decref(answer);
	return models;
}

static const char *name_of(const json_t *entry)
{
	return json_string_value(json_object_get(entry, "name"));
}

/* Ollama calls a model without a tag by its latest. */
static bool is_same(const char *listed, const char *name)
{
	size_t length = strlen(name);
	return strncmp(listed, name, length) == 0 && (listed[length] == '\0' || strcmp(listed + length, ":latest") == 0);
}

static json_t *find_entry(const json_t *models, const char *name)
{
	size_t index;
	json_t *entry;
	json_array_foreach(models, index, entry)
	{
		if (name_of(entry) && is_same(name_of(entry), name))
			return entry;
	}
	return NULL;
}

/* What clients look for in an entry, of a model of which nothing is known. */
static json_t *blank_entry(void)
{
	return json_pack("{s:s,s:s,s:s,s:i,s:s,s:{s:s,s:s,s:s,s:[],s:s,s:s}}", "name", "", "model", "", "modified_at",
	                 "1970-01-01T00:00:00Z", "size", 0, "digest", "", "details", "parent_model", "", "format", "",
	                 "family", "", "families", "parameter_size", "", "quantization_level", "");
}

static json_t *configured_entry(const struct modellist *list, const struct model *model, const json_t *models)
{
	const char *target = *model->target ? model->target : model->name;
	json_t *known = model->upstream == list->asked ? find_entry(models, target) : NULL;
	json_t *entry = known ? json_copy(known) : blank_entry();
	json_object_set_new(entry, "name", json_string(model->name));
	json_object_set_new(entry, "model", json_string(model->name));
	return entry;
}

/* Whether the key may ask for a model that the upstream calls so, and the asking would reach it. */
static bool is_reachable(const struct modellist *list, const char *name)
{
	const struct model *model = name ? models_find(list->models, name) : NULL;
	return model && model->upstream == list->asked && model_list_allows(list->allowed, name);
}

static enum modellist_result render(json_t *entries, char **text)
{
	json_t *object = json_pack("{s:o}", "models", entries);
	*text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return *text ? MODELLIST_DONE : MODELLIST_BAD_JSON;
}

enum modellist_result modellist_tags(const struct modellist *list, char **text)
{
	json_t *upstream = upstream_models(list), *entries = json_array(), *entry;
	size_t index;
	if (!upstream) {
		json_decref(entries);
		return MODELLIST_BAD_JSON;
	}
	for (size_t i = 0; i < list->models->model_count; i++) {
		const struct model *model = &list->models->models[i];
		bool named = strcmp(model->name, "*") != 0 && model_list_allows(list->allowed, model->name);
		if (named && is_ollama(list->models, model))
			json_array_append_new(entries, configured_entry(list, model, upstream));
	}
	json_array_foreach(upstream, index, entry)
	{
		if (is_reachable(list, name_of(entry)) && !modellist_is_configured(list->models, name_of(entry)))
			json_array_append(entries, entry);
	}
	json_decref(upstream);
	return render(entries, text);
}

enum modellist_result modellist_loaded(const struct modellist *list, char **text)
{
	json_t *upstream = upstream_models(list), *entries = json_array(), *entry;
	size_t index;
	json_array_foreach(upstream, index, entry)
	{
		if (is_reachable(list, name_of(entry)))
			json_array_append(entries, entry);
	}
	if (upstream) {
		json_decref(upstream);
		return render(entries, text);
	}
	json_decref(entries);
	return MODELLIST_BAD_JSON;
}
