/*
 * The answers to GET /v1/models and to Ollama's /api/tags and /api/ps: the
 * names that models.json configures and what an upstream lists itself.
 */
#ifndef PROXYD_MODELLIST_H
#define PROXYD_MODELLIST_H

#include "../proto/daemon/models.h"

struct modellist {
	const struct models *models;
	const char *allowed;  /* names the key may use, newline between; "": all */
	uint64_t created;     /* s since the epoch, for configured names */
	const char *upstream; /* the JSON that it answered; NULL: none was asked */
	size_t upstream_length;
	size_t asked; /* the upstream that was asked, if one was */
};

enum modellist_result {
	MODELLIST_DONE,
	MODELLIST_NO_MODEL, /* no such model for this key */
	MODELLIST_BAD_JSON  /* the upstream's list is none, or memory ran out */
};

/* The upstream whose own list is needed, or -1: the one of "*"; for Ollama's lists, of that kind. */
long modellist_upstream(const struct models *models);
long modellist_ollama(const struct models *models);

/* Whether a model can be told of without the upstream's list. */
bool modellist_is_configured(const struct models *models, const char *id);

/* The names in an upstream's answer to GET /v1/models, newline between, as many as fit into names[size].  Returns their
 * length; -1 when it is no list. */
long modellist_names(const char *answer, size_t length, char *names, size_t size);

/* Renders the whole list, or one model, into *text: the caller's to free(). */
enum modellist_result modellist_all(const struct modellist *list, char **text);
enum modellist_result modellist_one(const struct modellist *list, const char *id, char **text);

/* The same for what Ollama calls tags, and for the models that it has loaded. */
enum modellist_result modellist_tags(const struct modellist *list, char **text);
enum modellist_result modellist_loaded(const struct modellist *list, char **text);

/* Ollama's version, in its own words. */
enum modellist_result modellist_version(const struct modellist *list, char **text);

#endif
