#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/postgres.h"
#include "../proto/daemon/resolver.h"
#include "../proto/daemon/sandbox.h"
#include "keytext.h"
#include "store_engine.h"
#include "store_postgres_row.h"

/* A connection that has gone silent would miss what is said on the channel, and asking shows it. */
enum { HEARTBEAT_MS = 500 };

/* A key on its way to the store. */
struct save {
	struct postgresql *store;
	struct key *key;
	store_saved *saved;
	void *arg;
	LIST_ENTRY(save) next;
};

LIST_HEAD(saves, save);

struct postgresql {
	struct store store;
	struct postgres *postgres;
	bool anew;       /* the next load is one of every key */
	bool loading;    /* one is under way */
	bool load_again; /* something was said on the channel meanwhile */
	bool is_current; /* what there is was handed over, all of it */
	bool told_lost;
	bool said_unreadable;
	uint64_t newest;               /* generation up to which all was handed over */
	uint64_t since;                /* wall clock: when it was current last, or opened */
	uint64_t current_since;        /* loop_now() */
	char unusable[KEY_ID_MAX + 1]; /* key of a row that cannot be used, or "" */
	struct loop_timer heartbeat;
	struct saves doubtful; /* those whose answer was lost */
};

/* --- saves whose answer was lost --- */

static void settle(struct save *save, enum store_outcome outcome, uint64_t generation, const char *reason)
{
	save->saved(save->arg, outcome, generation, reason);
	free(save->key);
	free(save);
}

static void doubt(struct save *save)
{
	LIST_INSERT_HEAD(&save->store->doubtful, save, next);
	save->saved(save->arg, STORE_UNKNOWN, 0,
	            "the connection to the database was lost: look whether the change was made, and repeat it if not");
}

static bool is_same_change(const struct key *a, const struct key *b)
{
	return strcmp(a->id, b->id) == 0 && a->changed == b->changed && a->revoked == b->revoked &&
	       memcmp(a->hash, b->hash, sizeof(a->hash)) == 0;
}

static void settle_saved(struct postgresql *store, const struct key *key)
{
	for (struct save *save = LIST_FIRST(&store->doubtful), *next; save; save = next) {
		next = LIST_NEXT(save, next);
		if (!is_same_change(save->key, key))
			continue;
		LIST_REMOVE(save, next);
		settle(save, STORE_SAVED, key->generation, "");
	}
}

static void settle_unsaved(struct postgresql *store, const char *reason)
{
	while (!LIST_EMPTY(&store->doubtful)) {
		struct save *save = LIST_FIRST(&store->doubtful);
		LIST_REMOVE(save, next);
		settle(save, STORE_REFUSED, 0, reason);
	}
}

/* --- loading --- */

static void lose(struct postgresql *store)
{
	if (store->is_current)
		store->since = loop_wall();
	store->is_current = false;
	if (!store->told_lost)
		store->store.events.lost(store->store.events.arg);
	store->told_lost = true;
}

static bool take_row(struct postgresql *store, const PGresult *rows, int row)
{
	struct key *key = store_postgres_get(rows, row);
	if (!key)
		return false;
	settle_saved(store, key);
	return store->store.events.found(store->store.events.arg, key) == 0;
}

static void refuse_row(struct postgresql *store, const PGresult *rows, int row)
{
	char id[KEY_ID_MAX + 1];
	snprintf(id, sizeof(id), "%s", postgres_value(rows, row, 0));
	if (strcmp(id, store->unusable) != 0)
		log_error("key-unusable", "key=%s", log_text(id));
	memcpy(store->unusable, id, sizeof(id));
}

/* Whether all of them could be used.  What comes behind the first that could not is taken, and asked for again. */
static bool take_rows(struct postgresql *store, const PGresult *rows, uint64_t newest)
{
	bool good = true;
	for (int row = 0; row < PQntuples(rows) && !PQgetisnull(rows, row, 0); row++) {
		if (take_row(store, rows, row))
			continue;
		if (good)
			newest = strtoull(postgres_value(rows, row, STORE_POSTGRES_GENERATION), NULL, 10) - 1;
		refuse_row(store, rows, row);
		good = false;
	}
	store->newest = newest;
	return good;
}

static void take_load(struct postgresql *store, const PGresult *rows, uint64_t newest)
{
	if (store->anew)
		store->store.events.reset(store->store.events.arg);
	store->anew = false;
	if (!take_rows(store, rows, newest)) {
		lose(store);
		return;
	}
	store->unusable[0] = '\0';
	store->said_unreadable = false;
	if (!store->is_current) {
		store->is_current = true;
		store->told_lost = false;
		store->current_since = loop_now();
		store->store.events.loaded(store->store.events.arg);
	} else if (loop_now() >= store->current_since + POSTGRES_DEADLINE_MS) {
		/* By now the server has done or given up what it was asked on a connection that was lost. */
		settle_unsaved(store, "the database does not have it");
	}
}

static void load_answered(void *arg, const PGresult *rows, const char *error, const char *sqlstate);

static void load(void *arg)
{
	struct postgresql *store = arg;
	char newest[21];
	const char *const values[] = {newest};
	snprintf(newest, sizeof(newest), "%" PRIu64, store->anew ? 0 : store->newest);
	loop_timer_clear(&store->heartbeat);
	store->loading = true;
	store->load_again = false;
	postgres_ask(store->postgres, "load", 1, values, load_answered, store);
}

static void raised(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	(void)arg;
	(void)sqlstate;
	if (!rows)
		log_warn("generations-not-raised", "reason=%s", log_text(error));
}

/* Stamps of the generations that were taken back are out there: a revocation must come after them. */
static void raise_generations(struct postgresql *store)
{
	char newest[21];
	const char *const values[] = {newest};
	snprintf(newest, sizeof(newest), "%" PRIu64, store->newest);
	postgres_ask(store->postgres, "raise", 1, values, raised, NULL);
}

/* A database that was put back to an earlier state has to be read as if it were another one. */
static bool went_back(struct postgresql *store, uint64_t newest)
{
	if (store->anew || newest >= store->newest)
		return false;
	raise_generations(store);
	log_warn("store-went-back", "from=%" PRIu64 " to=%" PRIu64, store->newest, newest);
	store->anew = true;
	lose(store);
	return true;
}

static void refuse_load(struct postgresql *store, const char *reason)
{
	if (!store->said_unreadable)
		log_error("store-unreadable", "reason=%s", log_text(reason));
	store->said_unreadable = true;
	lose(store);
}

static void load_answered(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	struct postgresql *store = arg;
	store->loading = false;
	if (!rows && *sqlstate == '\0') {
		loop_timer_set(&store->heartbeat, HEARTBEAT_MS); /* unless down() follows */
		return;
	}
	bool good = rows && PQntuples(rows) > 0;
	uint64_t newest = good ? strtoull(postgres_value(rows, 0, STORE_POSTGRES_COLUMN_COUNT), NULL, 10) : 0;
	if (!good)
		refuse_load(store, rows ? "the counter of generations is missing" : error);
	else if (went_back(store, newest))
		store->load_again = true;
	else
		take_load(store, rows, newest);
	loop_timer_set(&store->heartbeat, store->load_again ? 0 : HEARTBEAT_MS);
}

static void notified(void *arg)
{
	struct postgresql *store = arg;
	store->load_again = true;
	if (!store->loading)
		load(store);
}

static void up(void *arg)
{
	log_info("store-up", "schema=" STORE_POSTGRES_SCHEMA);
	load(arg);
}

static void down(void *arg, const char *reason)
{
	struct postgresql *store = arg;
	log_error("store-down", "reason=%s", log_text(reason));
	loop_timer_clear(&store->heartbeat);
	lose(store);
}

/* --- saving --- */

static bool is_well(struct store *base, char *text)
{
	struct postgresql *store = (struct postgresql *)base;
	char since[KEYTEXT_TIME_SIZE];
	keytext_time_format(since, store->since);
	if (*store->unusable && postgres_is_up(store->postgres))
		snprintf(text, STORE_ERROR_SIZE, "the database's row of key %s cannot be used", store->unusable);
	else
		snprintf(text, STORE_ERROR_SIZE, "database unreachable since %s", since);
	return store->is_current;
}

static void save_answered(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	struct save *save = arg;
	char reason[STORE_ERROR_SIZE];
	if (rows) {
		settle(save, STORE_SAVED, strtoull(postgres_value(rows, 0, 0), NULL, 10), "");
		return;
	}
	if (*sqlstate == '\0') {
		doubt(save);
		return;
	}
	bool ours = strcmp(sqlstate, STORE_POSTGRES_REFUSED) == 0;
	snprintf(reason, sizeof(reason), "%s%.400s", ours ? "" : "cannot write to the key store: ", error);
	settle(save, STORE_REFUSED, 0, reason);
}

static struct save *new_save(struct postgresql *store, const struct key *key, store_saved *saved, void *arg)
{
	struct save *save = calloc(1, sizeof(*save));
	CHECK(save);
	*save = (struct save){.store = store, .key = key_copy(key), .saved = saved, .arg = arg};
	CHECK(save->key);
	return save;
}

static void save(struct store *base, const struct key *key, store_saved *saved, void *arg)
{
	struct postgresql *store = (struct postgresql *)base;
	char text[STORE_ERROR_SIZE], reason[STORE_ERROR_SIZE];
	if (!is_well(base, text) && !(*store->unusable && postgres_is_up(store->postgres))) {
		snprintf(reason, sizeof(reason), "%.200s: keys cannot be changed now, and go on working", text);
		saved(arg, STORE_REFUSED, 0, reason);
		return;
	}
	struct store_postgres_values values;
	struct save *save = new_save(store, key, saved, arg);
	store_postgres_put(&values, key);
	postgres_ask(store->postgres, "save", values.count, values.list, save_answered, save);
}

/* --- opening and closing --- */

static void close_store(struct store *base)
{
	struct postgresql *store = (struct postgresql *)base;
	postgres_close(store->postgres);
	loop_timer_clear(&store->heartbeat);
	settle_unsaved(store, "the end came before it was known");
	free(store);
}

static struct store *open_store(const struct store_setup *setup, char *error)
{
	/* There is one counter, which the planner would not believe. */
	static const struct postgres_statement statements[] = {
		{"raise", "UPDATE counter SET generation = greatest(generation, $1)"},
		{"save", "SELECT save(ROW(" STORE_POSTGRES_PARAMETERS ")::keys)"},
		{"load",
	     "SELECT " STORE_POSTGRES_COLUMNS ", newest FROM (SELECT generation AS newest FROM counter LIMIT 1) AS counter"
	     " LEFT JOIN keys ON generation > $1 ORDER BY generation"},
	};
	static const struct postgres_plan plan = {.program = "heimgate-authd",
	                                          .schema = STORE_POSTGRES_SCHEMA,
	                                          .migrations = store_postgres_migrations,
	                                          .migration_count = STORE_POSTGRES_MIGRATIONS,
	                                          .statements = statements,
	                                          .statement_count = sizeof(statements) / sizeof(*statements),
	                                          .channel = STORE_POSTGRES_CHANNEL,
	                                          .up = up,
	                                          .down = down,
	                                          .notified = notified};
	if (*setup->password_file && sandbox_path_around(setup->password_file, "r") != 0) {
		snprintf(error, STORE_ERROR_SIZE, "cannot allow %s", setup->password_file);
		return NULL;
	}
	struct postgresql *store = calloc(1, sizeof(*store));
	CHECK(store);
	store->store = (struct store){&store_postgres, setup->events};
	store->anew = true;
	store->since = loop_wall();
	store->heartbeat = (struct loop_timer){.expired = load, .arg = store};
	resolver_open();
	store->postgres = postgres_open(setup->url, setup->password_file, &plan, store);
	return &store->store;
}

const struct store_engine store_postgres = {true, postgres_url_judge, open_store, close_store, save, is_well};
