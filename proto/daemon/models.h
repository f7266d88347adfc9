/*
 * models.json: which upstreams there are and which model goes where.
 * limiterd reads pools from it, proxyd reads routes; both read all of it, so
 * that both agree on what is valid.
 */
#ifndef DAEMON_MODELS_H
#define DAEMON_MODELS_H

#include <stdbool.h>
#include <stddef.h>

#include "../wire/stamp.h"

enum upstream_kind { UPSTREAM_OLLAMA, UPSTREAM_OPENAI };

struct upstream {
	char name[UPSTREAM_NAME_MAX + 1];
	enum upstream_kind kind;
	char *base_url;           /* without a trailing slash */
	char *api_key_file;       /* NULL: none */
	unsigned slots;           /* requests at one time; default 10 */
	unsigned acquire_timeout; /* ms to wait for a slot; default 250 */
	char **warm;              /* models to load at start */
	size_t warm_count;
};

struct model {
	char name[MODEL_NAME_MAX + 1];   /* "*": any other */
	size_t upstream;                 /* index */
	char target[MODEL_NAME_MAX + 1]; /* name sent upstream; "": the name asked for */
};

struct models {
	struct upstream *upstreams;
	size_t upstream_count;
	struct model *models;
	size_t model_count;
};

/*
 * Reads and checks a file; the result is the caller's to models_free().
 * NULL when it cannot be used; error[size] then says file, place and reason in one line.
 */
struct models *models_load(const char *path, char *error, size_t size);
void models_free(struct models *models);

/* The route of a model: its own row, else the "*" row, else NULL. */
const struct model *models_find(const struct models *models, const char *name);

/* Index of an upstream by name, or -1. */
long models_upstream(const struct models *models, const char *name);

#endif
