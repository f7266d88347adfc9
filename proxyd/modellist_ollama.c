/* Ollama's own lists. */
#include <jansson.h>
#include <string.h>

#include "modellist.h"

static bool is_ollama(const struct models *models, const struct model *model)
{
	return models->upstreams[model->targets[0].upstream].kind == UPSTREAM_OLLAMA;
}

/* The row that a name leads to, and in *target what its first target calls it. */
static const struct model *follow(const struct models *models, const char *name, const char **target)
{
	const struct model *model = models_route(models, &name);
	*target = model && model->targets[0].model[0] != '\0' ? model->targets[0].model : name;
	return model;
}

long modellist_ollama(const struct models *models)
{
	const char *target;
	const struct model *any = follow(models, "*", &target);
	if (any && is_ollama(models, any))
		return (long)any->targets[0].upstream;
	for (size_t i = 0; i < models->model_count; i++) {
		const struct model *model = follow(models, models->models[i].name, &target);
		if (is_ollama(models, model))
			return (long)model->targets[0].upstream;
	}
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

/* NULL when no Ollama serves it. */
static json_t *configured_entry(const struct modellist *list, const char *name, const json_t *models)
{
	const char *target;
	const struct model *model = follow(list->models, name, &target);
	if (!is_ollama(list->models, model))
		return NULL;
	json_t *known = model->targets[0].upstream == list->asked ? find_entry(models, target) : NULL;
	json_t *entry = known ? json_copy(known) : blank_entry();
	json_object_set_new(entry, "name", json_string(name));
	json_object_set_new(entry, "model", json_string(name));
	return entry;
}

/* Whether the key may ask for a model that the upstream calls so, and the asking would reach it. */
static bool is_reachable(const struct modellist *list, const char *name)
{
	const char *target;
	const struct model *model = name ? follow(list->models, name, &target) : NULL;
	return model && model->targets[0].upstream == list->asked && model_list_allows(list->allowed, name);
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
		const char *name = list->models->models[i].name;
		bool named = strcmp(name, "*") != 0 && model_list_allows(list->allowed, name);
		json_t *configured = named ? configured_entry(list, name, upstream) : NULL;
		if (configured)
			json_array_append_new(entries, configured);
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

enum modellist_result modellist_version(const struct modellist *list, char **text)
{
	json_t *answer = json_loadb(list->upstream, list->upstream_length, 0, NULL);
	bool told = json_is_string(json_object_get(answer, "version"));
	json_decref(answer);
	*text = told ? strndup(list->upstream, list->upstream_length) : NULL;
	return *text ? MODELLIST_DONE : MODELLIST_BAD_JSON;
}
