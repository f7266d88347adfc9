#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "models_private.h"

enum { WEIGHT_MAX = 1000, RETRIES_MAX = 5, PARAM_NAME_MAX = 64, DECIMAL_DIGITS = 15 }; /* that a double keeps */

/* --- what is changed in a body --- */

/* What heimgate itself reads and writes, and what would be a path to the scanner. */
static bool is_ours(const char *name)
{
	return strchr(name, '.') || strcmp(name, "model") == 0 || strcmp(name, "stream") == 0 ||
	       strcmp(name, "stream_options") == 0;
}

static struct param *add_param(const struct place *at, struct target *target, const char *member, const char *name)
{
	for (size_t i = 0; i < target->param_count; i++) {
		if (strcmp(target->params[i].name, name) == 0) {
			models_refuse(at, member, "names %s twice", name);
			return NULL;
		}
	}
	if (*name == '\0' || strlen(name) > PARAM_NAME_MAX || is_ours(name)) {
		models_refuse(at, member, "cannot change a member of that name");
		return NULL;
	}
	if (target->param_count == TARGET_PARAMS_MAX) {
		models_refuse(at, member, "more than %d members are changed", TARGET_PARAMS_MAX);
		return NULL;
	}
	struct param *param = &target->params[target->param_count++];
	param->name = models_copy(name);
	return param;
}

static bool read_drop_params(const struct place *at, struct target *target)
{
	const json_t *list, *name;
	size_t index;
	if (!models_get_list(at, "drop_params", TARGET_PARAMS_MAX, &list))
		return false;
	json_array_foreach(list, index, name)
	{
		if (!json_is_string(name))
			return models_refuse(at, "drop_params", "must be a list of names");
		if (!add_param(at, target, "drop_params", json_string_value(name)))
			return false;
	}
	return true;
}

/* `"name":value` */
static char *render(const char *name, json_t *value)
{
	json_t *object = json_object();
	CHECK(object != NULL && json_object_set(object, name, value) == 0);
	char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(DECIMAL_DIGITS));
	CHECK(text != NULL);
	json_decref(object);
	size_t length = strlen(text);
	memmove(text, text + 1, length - 2);
	text[length - 2] = '\0';
	return text;
}

static bool read_set_params(const struct place *at, struct target *target)
{
	json_t *object = json_object_get(at->object, "set_params");
	const char *name;
	json_t *value;
	if (!object)
		return true;
	if (!json_is_object(object))
		return models_refuse(at, "set_params", "must be an object");
	json_object_foreach(object, name, value)
	{
		struct param *param = add_param(at, target, "set_params", name);
		if (!param)
			return false;
		param->member = render(name, value);
		if (strlen(param->member) > TARGET_PARAM_SIZE)
			return models_refuse(at, "set_params", "%s is longer than %d bytes", name, TARGET_PARAM_SIZE);
	}
	return true;
}

/* --- targets --- */

static bool read_target(const struct place *at, struct target *target, bool is_fallback)
{
	const char *upstream, *model;
	target->weight = 1;
	target->params = models_allocate(TARGET_PARAMS_MAX, sizeof(*target->params));
	if (!models_is_object(at) || !models_has_only(at, MODELS_TARGET) ||
	    !models_need_text(at, "upstream", UPSTREAM_NAME_MAX, &upstream) ||
	    !models_get_text(at, "model", MODEL_NAME_MAX, &model) ||
	    !models_get_number(at, "weight", 1, WEIGHT_MAX, &target->weight) ||
	    !models_get_flag(at, "drain", &target->drain))
		return false;
	long index = models_upstream(at->reader->models, upstream);
	if (index < 0)
		return models_refuse(at, "upstream", "names no upstream of this file");
	if (is_fallback && json_object_get(at->object, "weight"))
		return models_refuse(at, "weight", "is for targets; fallbacks are asked in their order");
	target->upstream = (size_t)index;
	snprintf(target->model, sizeof(target->model), "%s", model ? model : "");
	return read_drop_params(at, target) && read_set_params(at, target);
}

static bool read_targets(const struct place *at, const char *member, struct model *model, size_t *count)
{
	size_t before = model_targets(model), index;
	const json_t *list;
	json_t *value;
	if (!models_get_list(at, member, ROUTE_TARGETS_MAX - before, &list))
		return false;
	json_array_foreach(list, index, value)
	{
		char name[MODELS_PLACE_MAX];
		snprintf(name, sizeof(name), "%s.%s[%zu]", at->name, member, index);
		*count += 1;
		if (!read_target(&(struct place){at->reader, name, value}, &model->targets[before + index],
		                 count == &model->fallback_count))
			return false;
	}
	return true;
}

static bool all_drain(const struct model *model)
{
	for (size_t i = 0; i < model_targets(model); i++)
		if (!model->targets[i].drain)
			return false;
	return true;
}

static bool read_fallback_on(const struct place *at, struct model *model)
{
	static const struct {
		const char *name;
		enum fallback_on on;
	} words[] = {
		{"connect", FALLBACK_CONNECT}, {"timeout", FALLBACK_TIMEOUT}, {"5xx", FALLBACK_5XX}, {"429", FALLBACK_429}};
	enum { WORDS = sizeof(words) / sizeof(*words) };
	const json_t *list, *word;
	size_t index, i;
	model->fallback_on = FALLBACK_ALL;
	if (!models_get_list(at, "fallback_on", WORDS, &list))
		return false;
	if (list)
		model->fallback_on = 0;
	json_array_foreach(list, index, word)
	{
		const char *text = json_is_string(word) ? json_string_value(word) : "";
		for (i = 0; i < WORDS && strcmp(text, words[i].name) != 0; i++)
			;
		if (i == WORDS)
			return models_refuse(at, "fallback_on", "must be of \"connect\", \"timeout\", \"5xx\" and \"429\"");
		model->fallback_on |= words[i].on;
	}
	return true;
}

/* --- models --- */

static bool read_alias(const struct place *at, struct model *model)
{
	const char *alias;
	if (!models_has_only(at, MODELS_ALIAS) || !models_need_text(at, "alias", MODEL_NAME_MAX, &alias))
		return false;
	snprintf(model->alias, sizeof(model->alias), "%s", alias);
	return true;
}

static bool read_model(const struct place *at, struct model *model)
{
	if (!models_is_object(at))
		return false;
	if (json_object_get(at->object, "alias"))
		return read_alias(at, model);
	model->targets = models_allocate(ROUTE_TARGETS_MAX, sizeof(*model->targets));
	if (!models_has_only(at, MODELS_MODEL) || !read_targets(at, "targets", model, &model->target_count))
		return false;
	if (model->target_count == 0)
		return models_refuse(at, "targets", "must be a list of at least one target");
	if (!read_targets(at, "fallbacks", model, &model->fallback_count) || !read_fallback_on(at, model) ||
	    !models_get_number(at, "retries", 0, RETRIES_MAX, &model->retries))
		return false;
	return !all_drain(model) || models_refuse(at, "targets", "all of them drain; take the model out instead");
}

static int compare_models(const void *left, const void *right)
{
	const struct model *a = left, *b = right;
	return strcmp(a->name, b->name);
}

/* Every alias leads to targets; to come by as many rows as there are is to go in a circle. */
static bool check_alias(const struct place *at, const struct models *models, const struct model *model)
{
	char name[MODELS_PLACE_MAX];
	const struct model *row = model;
	size_t steps = 0;
	snprintf(name, sizeof(name), "models.%s", model->name);
	const struct place place = {at->reader, name, NULL};
	while (row && row->alias[0] != '\0' && steps++ <= models->model_count)
		row = models_find(models, row->alias);
	if (!row)
		return models_refuse(&place, "alias", "leads to no model of this file");
	return row->alias[0] == '\0' || models_refuse(&place, "alias", "leads in a circle");
}

bool models_read_models(const struct place *at)
{
	if (!models_is_object(at))
		return false;
	if (json_object_size(at->object) == 0)
		return models_refuse(at, "", "must name at least one model, or \"*\"");
	struct models *models = at->reader->models;
	models->models = models_allocate(json_object_size(at->object), sizeof(*models->models));
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)at->object, name, value)
	{
		struct model *model = &models->models[models->model_count++];
		if (!models_check_name(at, name, MODEL_NAME_MAX))
			return false;
		snprintf(model->name, sizeof(model->name), "%s", name);
		char place[MODELS_PLACE_MAX];
		snprintf(place, sizeof(place), "models.%s", model->name);
		if (!read_model(&(struct place){at->reader, place, value}, model))
			return false;
	}
	qsort(models->models, models->model_count, sizeof(*models->models), compare_models);
	for (size_t i = 0; i < models->model_count; i++)
		if (!check_alias(at, models, &models->models[i]))
			return false;
	return true;
}

static void free_target(struct target *target)
{
	for (size_t i = 0; i < target->param_count; i++) {
		free(target->params[i].name);
		free(target->params[i].member);
	}
	free(target->params);
}

void models_free_model(struct model *model)
{
	for (size_t i = 0; i < model_targets(model); i++)
		free_target(&model->targets[i]);
	free(model->targets);
}
