/*
 * The answers to GET /v1/models and to Ollama's /api/tags and /api/ps: the
 * names that models.json configures and what upstreams list themselves.
 */
#ifndef PROXYD_MODELLIST_H
#define PROXYD_MODELLIST_H

#include "../proto/daemon/models.h"

struct json_t;

/* What one upstream lists. */
struct listing {
	size_t upstream;
	struct json_t *entries; /* an array */
};

struct modellist {
	const struct models *models;
	const char *allowed; /* names the key may use, newline between; "": all */
	bool local_only;     /* the key may go to local upstreams alone */
	bool native;         /* Ollama's lists, not OpenAI's */
	uint64_t created;    /* s since the epoch, for configured names */
	struct listing *listings;
	size_t count;
};

/* Whether what that upstream lists belongs into the answer. */
bool modellist_wants(const struct modellist *list, size_t upstream);

/* Takes in its answer; false when it is no list. */
bool modellist_take(struct modellist *list, size_t upstream, const char *answer, size_t length);

/* Gives back what was taken in. */
void modellist_clear(struct modellist *list);

/* Whether a model can be told of without any upstream's list. */
bool modellist_is_configured(const struct modellist *list, const char *id);

/* The whole list, or one model of it (NULL: there is none for this key), as JSON: the caller's to free(). */
char *modellist_all(const struct modellist *list);
char *modellist_one(const struct modellist *list, const char *id);

/* What Ollama calls tags, and the models that it has loaded. */
char *modellist_tags(const struct modellist *list);
char *modellist_loaded(const struct modellist *list);

/* Whether that is what Ollama says of its version. */
bool modellist_is_version(const char *answer, size_t length);

/* The names in an upstream's answer to GET /v1/models, newline between, as many as fit into names[size].  Returns their
 * length; -1 when it is no list. */
long modellist_names(const struct upstream *upstream, const char *answer, size_t length, char *names, size_t size);

#endif
