#include "store.h"

#include <stdio.h>
#include <string.h>

#include "../proto/daemon/log.h"
#include "store_engine.h"

static const struct {
	const char *scheme;
	const struct store_engine *engine;
} schemes[] = {
	{"sqlite:", &store_sqlite},
	{"postgresql:", &store_postgres},
	{"postgres:", &store_postgres},
};

static const struct store_engine *engine_of(const char *url)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (strncmp(url, schemes[i].scheme, strlen(schemes[i].scheme)) == 0)
			return schemes[i].engine;
	return NULL;
}

bool store_judge(const char *url, char *error)
{
	const struct store_engine *engine = engine_of(url);
	snprintf(error, STORE_ERROR_SIZE, "it must be like sqlite:keys.db or postgresql://USER@HOST/DATABASE");
	return engine && engine->judge(url, error);
}

bool store_is_remote(const char *url)
{
	const struct store_engine *engine = engine_of(url);
	return engine && engine->is_remote;
}

struct store *store_open(const struct store_setup *setup, char *error)
{
	CHECK(engine_of(setup->url));
	return engine_of(setup->url)->open(setup, error);
}

void store_close(struct store *store)
{
	if (store)
		store->engine->close(store);
}

void store_save(struct store *store, const struct key *key, store_saved *saved, void *arg)
{
	store->engine->save(store, key, saved, arg);
}

bool store_is_well(struct store *store, char *text)
{
	return store->engine->is_well(store, text);
}
