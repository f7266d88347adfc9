#include "models.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models_private.h"

static bool read_document(struct reader *reader, const json_t *document)
{
	const struct place at = {reader, "the file", document};
	return models_is_object(&at) && models_has_only(&at, MODELS_FILE) &&
	       models_read_upstreams(&(struct place){reader, "upstreams", json_object_get(document, "upstreams")}) &&
	       models_read_models(&(struct place){reader, "models", json_object_get(document, "models")});
}

static json_t *parse_file(struct reader *reader)
{
	json_error_t wrong;
	json_t *document = json_load_file(reader->path, JSON_REJECT_DUPLICATES, &wrong);
	if (!document && wrong.line < 0) {
		snprintf(reader->error, reader->size, "%s", wrong.text);
	} else if (!document) {
		char line[32];
		snprintf(line, sizeof(line), "line %d", wrong.line);
		models_refuse(&(struct place){reader, line, NULL}, "", "%s", wrong.text);
	}
	return document;
}

struct models *models_load(const char *path, char *error, size_t size)
{
	struct models *models = models_allocate(1, sizeof(*models));
	struct reader reader = {path, error, size, models};
	json_t *document = parse_file(&reader);
	if (!document || !read_document(&reader, document)) {
		models_free(models);
		models = NULL;
	}
	json_decref(document);
	return models;
}

void models_free(struct models *models)
{
	for (size_t i = 0; i < models->upstream_count; i++)
		models_free_upstream(&models->upstreams[i]);
	for (size_t i = 0; i < models->model_count; i++)
		models_free_model(&models->models[i]);
	free(models->upstreams);
	free(models->models);
	free(models);
}

static const struct model *find_row(const struct models *models, const char *name)
{
	size_t low = 0, high = models->model_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, models->models[middle].name);
		if (order == 0)
			return &models->models[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct model *models_find(const struct models *models, const char *name)
{
	const struct model *row = find_row(models, name);
	return row ? row : find_row(models, "*");
}

const struct model *models_route(const struct models *models, const char **name)
{
	const struct model *row = models_find(models, *name);
	while (row && row->alias[0] != '\0') {
		*name = row->alias;
		row = models_find(models, *name);
	}
	return row;
}

size_t model_targets(const struct model *model)
{
	return model->target_count + model->fallback_count;
}

long models_upstream(const struct models *models, const char *name)
{
	for (size_t i = 0; i < models->upstream_count; i++)
		if (strcmp(models->upstreams[i].name, name) == 0)
			return (long)i;
	return -1;
}
