#include "store_postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"

const char *store_postgres_failure(struct store_postgres *store, const char *what, const char *why)
{
	snprintf(store->error, sizeof(store->error), "cannot %s the store: %.400s", what, why);
	return store->error;
}

/* --- where the store is --- */

static void tell_cursor(struct store_postgres *store, const char *error)
{
	store_began *began = store->began;
	store->began = NULL;
	if (!error)
		store_postgres_clear(store);
	if (began)
		began(store->began_arg, error ? NULL : &store->cursor, error);
}

/* One row: the journal's. */
static void take_cursor(struct store_postgres *store, const PGresult *rows)
{
	snprintf(store->number, sizeof(store->number), "%s", postgres_value(rows, 0, 0));
	store->cursor.place.segment = strtoull(postgres_value(rows, 0, 1), NULL, 10);
	store->cursor.place.offset = strtoull(postgres_value(rows, 0, 2), NULL, 10);
	store->cursor.seq = strtoull(postgres_value(rows, 0, 3), NULL, 10);
	store->knows_cursor = true;
	tell_cursor(store, NULL);
}

static void entered(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	struct store_postgres *store = arg;
	(void)sqlstate;
	if (rows)
		take_cursor(store, rows);
	else
		tell_cursor(store, store_postgres_failure(store, "write to", error));
}

void store_postgres_cursor(struct store_values *values, const struct store_cursor *cursor)
{
	store_values_number(values, cursor->place.segment);
	store_values_number(values, cursor->place.offset);
	store_values_number(values, cursor->seq);
}

static void enter_journal(struct store_postgres *store, const struct store_cursor *cursor)
{
	struct store_values values = {.count = 0};
	store_values_text(&values, store->journal);
	store_postgres_cursor(&values, cursor);
	postgres_ask(store->postgres, "enter_journal", values.count, values.texts, entered, store);
}

static void found(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	static const struct store_cursor start = {{0, 0}, 0};
	struct store_postgres *store = arg;
	(void)sqlstate;
	if (!rows)
		tell_cursor(store, store_postgres_failure(store, "read", error));
	else if (PQntuples(rows) == 0)
		enter_journal(store, &start);
	else
		take_cursor(store, rows);
}

static void find_journal(struct store_postgres *store)
{
	const char *id = store->journal;
	postgres_ask(store->postgres, "find_journal", 1, &id, found, store);
}

/* Before it is known whether the database is there, the answer waits for that. */
static void begin(struct store *base, store_began *began, void *arg)
{
	struct store_postgres *store = (struct store_postgres *)base;
	store->began = began;
	store->began_arg = arg;
	if (store->knows_cursor)
		tell_cursor(store, NULL);
	else if (postgres_is_up(store->postgres))
		find_journal(store);
	else if (store->is_down)
		tell_cursor(store, store->reason);
}

static void begin_anew(struct store *base, const struct store_cursor *here, store_began *began, void *arg)
{
	struct store_postgres *store = (struct store_postgres *)base;
	store->began = began;
	store->began_arg = arg;
	store->knows_cursor = false;
	enter_journal(store, here);
}

/* --- the connection --- */

static void up(void *arg)
{
	struct store_postgres *store = arg;
	store->is_down = false;
	if (store->began)
		find_journal(store);
	store->changed();
}

static void down(void *arg, const char *reason)
{
	struct store_postgres *store = arg;
	store->is_down = true;
	store->knows_cursor = false;
	snprintf(store->reason, sizeof(store->reason), "%s", store_postgres_failure(store, "reach", reason));
	tell_cursor(store, store->reason);
	store->changed();
}

static void close_store(struct store *base)
{
	struct store_postgres *store = (struct store_postgres *)base;
	postgres_close(store->postgres);
	tell_cursor(store, "the store was closed");
	free(store->journal);
	free(store);
}

static void nothing(void)
{
}

struct store *store_postgres_open(const struct store_conf *conf)
{
	static const struct store_engine engine = {.close = close_store,
	                                           .begin = begin,
	                                           .begin_anew = begin_anew,
	                                           .add = store_postgres_add,
	                                           .commit = store_postgres_commit,
	                                           .expire = store_postgres_expire,
	                                           .ask = store_postgres_ask};
	static const struct postgres_plan plan = {.program = "heimgate-auditd",
	                                          .schema = "heimgate_audit",
	                                          .migrations = store_postgres_migrations,
	                                          .migration_count = STORE_POSTGRES_MIGRATIONS,
	                                          .statements = store_postgres_statements,
	                                          .statement_count = STORE_POSTGRES_STATEMENTS,
	                                          .up = up,
	                                          .down = down};
	struct store_postgres *store = calloc(1, sizeof(*store));
	CHECK(store != NULL);
	store->store.engine = &engine;
	store->journal = strdup(conf->journal);
	CHECK(store->journal != NULL);
	store->changed = conf->changed ? conf->changed : nothing;
	store->postgres = postgres_open(conf->url, conf->password_file, &plan, store);
	return &store->store;
}
