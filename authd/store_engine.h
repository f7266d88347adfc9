/* What an engine of store.h is to store.c. */
#ifndef AUTHD_STORE_ENGINE_H
#define AUTHD_STORE_ENGINE_H

#include "store.h"

struct store_engine {
	bool is_remote;
	bool (*judge)(const char *url, char *error);
	struct store *(*open)(const struct store_setup *setup, char *error);
	void (*close)(struct store *store);
	void (*save)(struct store *store, const struct key *key, store_saved *saved, void *arg);
	bool (*is_well)(struct store *store, char *text);
};

/* Each engine's own struct begins with it. */
struct store {
	const struct store_engine *engine;
	struct store_events events;
};

/* Why a save is refused, in both engines' SQL. */
#define STORE_CHANGED_ELSEWHERE "the key was changed elsewhere meanwhile: look at it and try again"
#define STORE_NAME_TAKEN "there is an active key of this name already"
#define STORE_SECRET_TAKEN "this secret belongs to a key already, or did before"

extern const struct store_engine store_sqlite, store_postgres;

#endif
