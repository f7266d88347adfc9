/* Ollama's own lists. */
#include <string.h>

#include "modellist_private.h"

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

static json_t *find_entry(const struct modellist *list, size_t upstream, const char *name)
{
	size_t index;
	json_t *entry;
	for (size_t i = 0; i < list->count; i++) {
		json_array_foreach(list->listings[i].entries, index, entry)
		{
			if (list->listings[i].upstream == upstream && name_of(entry) && is_same(name_of(entry), name))
				return entry;
		}
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

/* The first Ollama among the targets that the key may reach; NULL when there is none. */
static const struct target *find_target(const struct modellist *list, const struct model *model)
{
	for (size_t i = 0; i < model_targets(model); i++) {
		const struct target *target = &model->targets[i];
		if (list->models->upstreams[target->upstream].kind == UPSTREAM_OLLAMA && modellist_may_reach(list, target))
			return target;
	}
	return NULL;
}

static void add_configured(const struct modellist *list, const char *name, json_t *entries)
{
	const char *there;
	const struct target *target = find_target(list, modellist_route(list, name, &there));
	if (!target)
		return;
	json_t *known = find_entry(list, target->upstream, target->model[0] != '\0' ? target->model : there);
	json_t *entry = known ? json_copy(known) : blank_entry();
	json_object_set_new(entry, "name", json_string(name));
	json_object_set_new(entry, "model", json_string(name));
	json_array_append_new(entries, entry);
}

/* Those that the key may ask for by the upstream's name, and would then reach. */
static void add_listed(const struct modellist *list, bool configured_too, json_t *entries)
{
	size_t index;
	json_t *entry;
	for (size_t i = 0; i < list->count; i++) {
		json_array_foreach(list->listings[i].entries, index, entry)
		{
			const char *name = name_of(entry);
			bool wanted = name && model_list_allows(list->allowed, name) &&
			              modellist_leads_to(list, name, list->listings[i].upstream);
			if (wanted && (configured_too || !modellist_is_configured(list, name)))
				json_array_append(entries, entry);
		}
	}
}

char *modellist_tags(const struct modellist *list)
{
	json_t *entries = json_array();
	for (size_t i = 0; i < list->models->model_count; i++)
		if (modellist_shows(list, list->models->models[i].name))
			add_configured(list, list->models->models[i].name, entries);
	add_listed(list, false, entries);
	return modellist_render(json_pack("{s:o}", "models", entries));
}

char *modellist_loaded(const struct modellist *list)
{
	json_t *entries = json_array();
	add_listed(list, true, entries);
	return modellist_render(json_pack("{s:o}", "models", entries));
}

bool modellist_is_version(const char *answer, size_t length)
{
	json_t *object = modellist_parse(answer, length);
	bool is_version = json_is_string(json_object_get(object, "version"));
	json_decref(object);
	return is_version;
}
