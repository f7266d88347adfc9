#include "modellist.h"

#include <jansson.h>
#include <string.h>

long modellist_upstream(const struct models *models)
{
	const char *name = "*";
	const struct model *any = models_route(models, &name);
	return any ? (long)any->targets[0].upstream : -1;
}

bool modellist_is_configured(const struct models *models, const char *id)
{
	const struct model *model = models_find(models, id);
	return model && strcmp(id, "*") != 0 && strcmp(model->name, id) == 0;
}

static json_t *configured_model(const struct modellist *list, const char *id)
{
	return json_pack("{s:s,s:s,s:I,s:s}", "id", id, "object", "model", "created", (json_int_t)list->created, "owned_by",
	                 "heimgate");
}

static void add_configured(const struct modellist *list, json_t *data)
{
	for (size_t i = 0; i < list->models->model_count; i++) {
		const char *id = list->models->models[i].name;
		if (strcmp(id, "*") != 0 && model_list_allows(list->allowed, id))
			json_array_append_new(data, configured_model(list, id));
	}
}

/* The upstream's array of models; an empty one for null, which Ollama answers when it has none. */
static json_t *upstream_models(const struct modellist *list)
{
	json_t *answer = json_loadb(list->upstream, list->upstream_length, 0, NULL);
	json_t *data = json_object_get(answer, "data");
	json_t *models = json_is_array(data) ? json_incref(data) : json_is_null(data) ? json_array() : NULL;
	json_decref(answer);
	return models;
}

static bool is_wanted(const struct modellist *list, const json_t *model)
{
	const char *id = json_string_value(json_object_get(model, "id"));
	return id && model_list_allows(list->allowed, id) && !modellist_is_configured(list->models, id);
}

/* All models of the key as a JSON array; NULL when the upstream's list is none. */
static json_t *gather(const struct modellist *list)
{
	json_t *upstream = list->upstream ? upstream_models(list) : json_array();
	if (!upstream)
		return NULL;
	json_t *data = json_array();
	size_t index;
	json_t *model;
	add_configured(list, data);
	json_array_foreach(upstream, index, model)
	{
		if (is_wanted(list, model))
			json_array_append(data, model);
	}
	json_decref(upstream);
	return data;
}

static enum modellist_result render(json_t *object, char **text)
{
	*text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return *text ? MODELLIST_DONE : MODELLIST_BAD_JSON;
}

enum modellist_result modellist_all(const struct modellist *list, char **text)
{
	json_t *data = gather(list);
	if (!data)
		return MODELLIST_BAD_JSON;
	return render(json_pack("{s:s,s:o}", "object", "list", "data", data), text);
}

static json_t *find(json_t *data, const char *id)
{
	size_t index;
	json_t *model;
	json_array_foreach(data, index, model)
	{
		if (strcmp(json_string_value(json_object_get(model, "id")), id) == 0)
			return json_incref(model);
	}
	return NULL;
}

enum modellist_result modellist_one(const struct modellist *list, const char *id, char **text)
{
	json_t *data = gather(list);
	if (!data)
		return MODELLIST_BAD_JSON;
	json_t *model = find(data, id);
	json_decref(data);
	return model ? render(model, text) : MODELLIST_NO_MODEL;
}

long modellist_names(const char *answer, size_t length, char *names, size_t size)
{
	const struct modellist list = {.upstream = answer, .upstream_length = length};
	json_t *models = upstream_models(&list), *model;
	size_t index, used = 0;
	json_array_foreach(models, index, model)
	{
		const char *id = json_string_value(json_object_get(model, "id"));
		if (!id || strchr(id, '\n') || used + strlen(id) + 1 > size)
			continue;
		memcpy(names + used, id, strlen(id));
		used += strlen(id);
		names[used++] = '\n';
	}
	json_decref(models);
	return models ? (long)(used > 0 ? used - 1 : 0) : -1;
}
