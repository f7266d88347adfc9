#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/sandbox.h"
#include "store_engine.h"
#include "store_sqlite_row.h"

/* What another program's lock on the file may cost an administrator's call, and so the loop. */
enum { BUSY_MS = 100 };

enum statement { BEGIN, COMMIT, ROLLBACK, REFUSE, COUNT_UP, SAVE, LOAD, STATEMENTS };

struct sqlite {
	struct store store;
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
};

/* Each brings the tables from one version to the next; never changed once released. */
static const char *const migrations[] = {
	"CREATE TABLE counter (generation INTEGER NOT NULL) STRICT;"
	"INSERT INTO counter VALUES (0);"
	"CREATE TABLE keys ("
	" id TEXT PRIMARY KEY, name TEXT NOT NULL, owner TEXT NOT NULL, models TEXT NOT NULL,"
	" rpm INTEGER NOT NULL, tpm INTEGER NOT NULL, concurrency INTEGER NOT NULL, budget TEXT NOT NULL,"
	" generation INTEGER NOT NULL, created INTEGER NOT NULL, changed INTEGER NOT NULL,"
	" expires INTEGER NOT NULL, revoked INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE,"
	" former_until INTEGER NOT NULL, former_generation INTEGER NOT NULL, former_hash BLOB NOT NULL"
	") STRICT;",
	"ALTER TABLE keys ADD COLUMN local_only INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE keys ADD COLUMN images INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE keys ADD COLUMN image_kib INTEGER NOT NULL DEFAULT 0;",
};
enum { VERSION = sizeof(migrations) / sizeof(*migrations) };

/* What a change to a key can change. */
#define CHANGES \
	"generation = excluded.generation, changed = excluded.changed, revoked = excluded.revoked, hash = excluded.hash," \
	" former_until = excluded.former_until, former_generation = excluded.former_generation," \
	" former_hash = excluded.former_hash"

static const char *const sql[STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[REFUSE] = "SELECT CASE"
			   " WHEN coalesce((SELECT generation FROM keys WHERE id = ?1), 0) <> ?9 THEN '" STORE_CHANGED_ELSEWHERE "'"
			   " WHEN ?9 = 0 AND EXISTS (SELECT 1 FROM keys WHERE name = ?3 AND revoked = 0"
			   " AND (expires = 0 OR expires > ?11)) THEN '" STORE_NAME_TAKEN "'"
			   " WHEN EXISTS (SELECT 1 FROM keys WHERE id <> ?1"
			   " AND (hash = ?14 OR former_until <> 0 AND former_hash = ?14)) THEN '" STORE_SECRET_TAKEN "' END",
	[COUNT_UP] = "UPDATE counter SET generation = generation + 1 RETURNING generation",
	[SAVE] = "INSERT INTO keys (" STORE_SQLITE_COLUMNS ") VALUES (" STORE_SQLITE_PARAMETERS ")"
			 " ON CONFLICT (id) DO UPDATE SET " CHANGES,
	[LOAD] = "SELECT " STORE_SQLITE_COLUMNS " FROM keys",
};

static int fail(struct sqlite *store, const char *what, char *error)
{
	snprintf(error, STORE_ERROR_SIZE, "%s the key store: %s", what, sqlite3_errmsg(store->db));
	return -1;
}

/* Runs a statement that yields no rows, or one whose first column is wanted in *number. */
static int run(struct sqlite *store, enum statement which, int64_t *number)
{
	sqlite3_stmt *statement = store->statements[which];
	int result = sqlite3_step(statement);
	if (result == SQLITE_ROW && number) {
		*number = sqlite3_column_int64(statement, 0);
		result = sqlite3_step(statement);
	}
	sqlite3_reset(statement);
	return result == SQLITE_DONE ? 0 : -1;
}

static void roll_back(struct sqlite *store)
{
	if (!sqlite3_get_autocommit(store->db))
		run(store, ROLLBACK, NULL);
}

/* --- opening --- */

/* SQLite would make the file readable by others and would not say why it cannot. */
static int make_file(const char *path, char *error)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		snprintf(error, STORE_ERROR_SIZE, "cannot open %s: %s", path, strerror(errno));
		return -1;
	}
	close(fd);
	return 0;
}

static int read_version(struct sqlite *store, int *version)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &statement, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		*version = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return result == SQLITE_ROW ? 0 : -1;
}

static int migrate_from(struct sqlite *store, int version)
{
	char *script =
		sqlite3_mprintf("BEGIN IMMEDIATE; %s PRAGMA user_version = %d; COMMIT", migrations[version], version + 1);
	int result = script ? sqlite3_exec(store->db, script, NULL, NULL, NULL) : SQLITE_NOMEM;
	sqlite3_free(script);
	return result == SQLITE_OK ? 0 : -1;
}

static int migrate(struct sqlite *store, char *error)
{
	int version;
	if (read_version(store, &version) != 0)
		return fail(store, "cannot read", error);
	if (version < 0 || version > VERSION) {
		snprintf(error, STORE_ERROR_SIZE, "the key store has version %d; this program knows up to %d", version,
		         VERSION);
		return -1;
	}
	for (; version < VERSION; version++)
		if (migrate_from(store, version) != 0)
			return fail(store, "cannot bring up to date", error);
	return 0;
}

/* FULL: a change that was answered outlives a power cut. */
static int set_up(struct sqlite *store, char *error)
{
	static const char pragmas[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF";
	sqlite3_busy_timeout(store->db, BUSY_MS);
	if (sqlite3_exec(store->db, pragmas, NULL, NULL, NULL) != SQLITE_OK)
		return fail(store, "cannot use", error);
	if (migrate(store, error) != 0)
		return -1;
	for (int i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(store->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &store->statements[i], NULL) !=
		    SQLITE_OK)
			return fail(store, "cannot use", error);
	return 0;
}

/* Beside the file, because SQLite makes and removes others next to it. */
static int allow_directory(const char *path, char *error)
{
	char *copy = strdup(path);
	int result = copy ? sandbox_path(dirname(copy), "rw") : -1;
	if (result != 0)
		snprintf(error, STORE_ERROR_SIZE, "cannot allow the directory of %s: %s", path, strerror(errno));
	free(copy);
	return result;
}

static int open_file(struct sqlite *store, const char *path, char *error)
{
	if (make_file(path, error) != 0 || allow_directory(path, error) != 0)
		return -1;
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return fail(store, "cannot open", error);
	return set_up(store, error);
}

static int load(struct sqlite *store, char *error)
{
	const struct store_events *events = &store->store.events;
	sqlite3_stmt *row = store->statements[LOAD];
	int result;
	events->reset(events->arg);
	while ((result = sqlite3_step(row)) == SQLITE_ROW) {
		struct key *key = store_sqlite_get(row);
		if (key && events->found(events->arg, key) == 0)
			continue;
		const char *id = (const char *)sqlite3_column_text(row, 0);
		snprintf(error, STORE_ERROR_SIZE, "cannot use the key store's row \"%s\"", id ? id : "");
		break;
	}
	if (result != SQLITE_DONE && result != SQLITE_ROW)
		fail(store, "cannot read", error);
	sqlite3_reset(row);
	if (result != SQLITE_DONE)
		return -1;
	events->loaded(events->arg);
	return 0;
}

static const char *file_of(const char *url)
{
	return url + strlen("sqlite:");
}

static bool judge_url(const char *url, char *error)
{
	(void)error;
	return *file_of(url) != '\0';
}

static void close_store(struct store *base)
{
	struct sqlite *store = (struct sqlite *)base;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->db);
	free(store);
}

static struct store *open_store(const struct store_setup *setup, char *error)
{
	const char *file = file_of(setup->url);
	if (*file != '/' && mkdir(setup->directory, 0700) != 0 && errno != EEXIST) {
		snprintf(error, STORE_ERROR_SIZE, "cannot make %s: %s", setup->directory, strerror(errno));
		return NULL;
	}
	struct sqlite *store = calloc(1, sizeof(*store));
	if (!store) {
		snprintf(error, STORE_ERROR_SIZE, "out of memory");
		return NULL;
	}
	store->store = (struct store){&store_sqlite, setup->events};
	char *path = conf_path(setup->directory, file);
	int result = open_file(store, path, error);
	free(path);
	if (result == 0 && load(store, error) == 0)
		return &store->store;
	close_store(&store->store);
	return NULL;
}

/* --- saving --- */

/* SQLite goes on writing to a file that was deleted or moved away, and the change would be lost. */
static int begin(struct sqlite *store, char *error)
{
	int moved = 0;
	sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	if (moved) {
		snprintf(error, STORE_ERROR_SIZE, "the key store's file was moved or deleted");
		return -1;
	}
	return run(store, BEGIN, NULL) == 0 ? 0 : fail(store, "cannot write to", error);
}

/* Whether the key may be written: 0, or -1 and why not. */
static int judge(struct sqlite *store, const struct key *key, char *error)
{
	sqlite3_stmt *refuse = store->statements[REFUSE];
	store_sqlite_put(refuse, key, key->generation);
	if (sqlite3_step(refuse) != SQLITE_ROW) {
		fail(store, "cannot read", error);
		sqlite3_reset(refuse);
		return -1;
	}
	const char *refusal = (const char *)sqlite3_column_text(refuse, 0);
	int result = refusal ? -1 : 0;
	if (refusal)
		snprintf(error, STORE_ERROR_SIZE, "%s", refusal);
	sqlite3_reset(refuse);
	return result;
}

static int write_key(struct sqlite *store, const struct key *key, int64_t *generation, char *error)
{
	int result = run(store, COUNT_UP, generation);
	store_sqlite_put(store->statements[SAVE], key, (uint64_t)*generation);
	if (result == 0)
		result = run(store, SAVE, NULL);
	if (result == 0)
		result = run(store, COMMIT, NULL);
	return result == 0 ? 0 : fail(store, "cannot write to", error);
}

static void save(struct store *base, const struct key *key, store_saved *saved, void *arg)
{
	struct sqlite *store = (struct sqlite *)base;
	char error[STORE_ERROR_SIZE] = "";
	int64_t generation = 0;
	int result = begin(store, error);
	if (result == 0)
		result = judge(store, key, error);
	if (result == 0)
		result = write_key(store, key, &generation, error);
	roll_back(store);
	saved(arg, result == 0 ? STORE_SAVED : STORE_REFUSED, (uint64_t)generation, error);
}

static bool is_well(struct store *base, char *text)
{
	struct sqlite *store = (struct sqlite *)base;
	bool well = begin(store, text) == 0;
	roll_back(store);
	return well;
}

const struct store_engine store_sqlite = {false, judge_url, open_store, close_store, save, is_well};
