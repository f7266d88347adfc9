#include "store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../proto/daemon/sandbox.h"
#include "keytext.h"

/* What another program's lock on the file may cost an administrator's call, and so the loop. */
enum { BUSY_MS = 100 };

enum statement { BEGIN, COMMIT, ROLLBACK, COUNT_UP, SAVE, LOAD, STATEMENTS };

struct store {
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
};
enum { VERSION = sizeof(migrations) / sizeof(*migrations) };

/* In the order of put_key() and get_key(). */
#define COLUMNS \
	"id, models, name, owner, rpm, tpm, concurrency, budget, generation, created, changed, expires, revoked, hash," \
	" former_until, former_generation, former_hash"

/* What a change to a key can change. */
#define CHANGES \
	"generation = excluded.generation, changed = excluded.changed, revoked = excluded.revoked, hash = excluded.hash," \
	" former_until = excluded.former_until, former_generation = excluded.former_generation," \
	" former_hash = excluded.former_hash"

static const char *const sql[STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[COUNT_UP] = "UPDATE counter SET generation = generation + 1 RETURNING generation",
	[SAVE] = "INSERT INTO keys (" COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
			 " ON CONFLICT (id) DO UPDATE SET " CHANGES,
	[LOAD] = "SELECT " COLUMNS " FROM keys",
};

static int fail(struct store *store, const char *what, char *error)
{
	snprintf(error, STORE_ERROR_SIZE, "%s the key store: %s", what, sqlite3_errmsg(store->db));
	return -1;
}

/* Runs a statement that yields no rows, or one whose first column is wanted in *number. */
static int run(struct store *store, enum statement which, int64_t *number)
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

static void roll_back(struct store *store)
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

static int read_version(struct store *store, int *version)
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

static int migrate_from(struct store *store, int version)
{
	char *script =
		sqlite3_mprintf("BEGIN IMMEDIATE; %s PRAGMA user_version = %d; COMMIT", migrations[version], version + 1);
	int result = script ? sqlite3_exec(store->db, script, NULL, NULL, NULL) : SQLITE_NOMEM;
	sqlite3_free(script);
	return result == SQLITE_OK ? 0 : -1;
}

static int migrate(struct store *store, char *error)
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
static int set_up(struct store *store, char *error)
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

struct store *store_sqlite_open(const char *path, char *error)
{
	struct store *store = calloc(1, sizeof(*store));
	snprintf(error, STORE_ERROR_SIZE, "out of memory");
	if (!store || make_file(path, error) != 0 || allow_directory(path, error) != 0)
		goto out;
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
		fail(store, "cannot open", error);
		goto out;
	}
	if (set_up(store, error) == 0)
		return store;
out:
	store_close(store);
	return NULL;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->db);
	free(store);
}

/* --- rows: columns are written and read one after the other, as the fields of a frame are --- */

struct row {
	sqlite3_stmt *statement;
	int column; /* the next one */
	bool good;  /* all columns so far held what they may */
};

static void put_text(struct row *row, const char *text)
{
	sqlite3_bind_text(row->statement, ++row->column, text, -1, SQLITE_TRANSIENT);
}

static void get_text(struct row *row, char *text, size_t size)
{
	const char *value = (const char *)sqlite3_column_text(row->statement, row->column);
	size_t length = (size_t)sqlite3_column_bytes(row->statement, row->column++);
	text[0] = '\0';
	if (value && length < size && strlen(value) == length)
		memcpy(text, value, length + 1);
	else
		row->good = false;
}

static void put_number(struct row *row, uint64_t number)
{
	sqlite3_bind_int64(row->statement, ++row->column, (int64_t)number);
}

static uint64_t get_number(struct row *row, uint64_t max)
{
	int64_t value = sqlite3_column_int64(row->statement, row->column++);
	if (value < 0 || (uint64_t)value > max)
		row->good = false;
	return (uint64_t)value;
}

static void put_budget(struct row *row, const struct limits *limits)
{
	char text[KEYTEXT_BUDGET_SIZE];
	keytext_budget_format(text, limits);
	put_text(row, text);
}

static void get_budget(struct row *row, struct limits *limits)
{
	char text[KEYTEXT_BUDGET_SIZE];
	get_text(row, text, sizeof(text));
	if (*text != '\0' && keytext_budget(text, limits) != 0)
		row->good = false;
}

static void put_hash(struct row *row, const uint8_t *hash)
{
	sqlite3_bind_blob(row->statement, ++row->column, hash, CREDENTIAL_HASH_SIZE, SQLITE_TRANSIENT);
}

static void get_hash(struct row *row, uint8_t *hash)
{
	if (sqlite3_column_bytes(row->statement, row->column) == CREDENTIAL_HASH_SIZE)
		memcpy(hash, sqlite3_column_blob(row->statement, row->column), CREDENTIAL_HASH_SIZE);
	else
		row->good = false;
	row->column++;
}

static void put_key(struct row *row, const struct key *key, uint64_t generation)
{
	put_text(row, key->id);
	put_text(row, key->models);
	put_text(row, key->name);
	put_text(row, key->owner);
	put_number(row, key->limits.rpm);
	put_number(row, key->limits.tpm);
	put_number(row, key->limits.concurrency);
	put_budget(row, &key->limits);
	put_number(row, generation);
	put_number(row, key->created);
	put_number(row, key->changed);
	put_number(row, key->expires);
	put_number(row, key->revoked);
	put_hash(row, key->hash);
	put_number(row, key->former.until);
	put_number(row, key->former.generation);
	put_hash(row, key->former.hash);
}

/* The key in a row, or NULL when the row holds what no key can be. */
static struct key *get_key(struct row *row)
{
	char id[KEY_ID_MAX + 1], models[MODEL_LIST_MAX + 1];
	get_text(row, id, sizeof(id));
	get_text(row, models, sizeof(models));
	struct key *key = key_new(models);
	if (!key)
		return NULL;
	memcpy(key->id, id, sizeof(id));
	get_text(row, key->name, sizeof(key->name));
	get_text(row, key->owner, sizeof(key->owner));
	key->limits.rpm = (uint32_t)get_number(row, UINT32_MAX);
	key->limits.tpm = (uint32_t)get_number(row, UINT32_MAX);
	key->limits.concurrency = (uint32_t)get_number(row, UINT32_MAX);
	get_budget(row, &key->limits);
	key->generation = get_number(row, INT64_MAX);
	key->created = get_number(row, INT64_MAX);
	key->changed = get_number(row, INT64_MAX);
	key->expires = get_number(row, INT64_MAX);
	key->revoked = get_number(row, INT64_MAX);
	get_hash(row, key->hash);
	key->former.until = get_number(row, INT64_MAX);
	key->former.generation = get_number(row, INT64_MAX);
	get_hash(row, key->former.hash);
	if (row->good)
		return key;
	free(key);
	return NULL;
}

int store_load(struct store *store, int (*visit)(void *arg, struct key *key), void *arg, char *error)
{
	sqlite3_stmt *row = store->statements[LOAD];
	int result;
	while ((result = sqlite3_step(row)) == SQLITE_ROW) {
		struct key *key = get_key(&(struct row){.statement = row, .good = true});
		if (key && visit(arg, key) == 0)
			continue;
		const char *id = (const char *)sqlite3_column_text(row, 0);
		snprintf(error, STORE_ERROR_SIZE, "cannot use the key store's row \"%s\"", id ? id : "");
		sqlite3_reset(row);
		return -1;
	}
	if (result != SQLITE_DONE)
		fail(store, "cannot read", error);
	sqlite3_reset(row);
	return result == SQLITE_DONE ? 0 : -1;
}

/* SQLite goes on writing to a file that was deleted or moved away, and the change would be lost. */
static int begin(struct store *store, char *error)
{
	int moved = 0;
	sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	if (moved) {
		snprintf(error, STORE_ERROR_SIZE, "the key store's file was moved or deleted");
		return -1;
	}
	return run(store, BEGIN, NULL) == 0 ? 0 : fail(store, "cannot write to", error);
}

int store_save(struct store *store, struct key *key, char *error)
{
	int64_t generation = 0;
	if (begin(store, error) != 0)
		return -1;
	int result = run(store, COUNT_UP, &generation);
	put_key(&(struct row){.statement = store->statements[SAVE]}, key, (uint64_t)generation);
	if (result == 0)
		result = run(store, SAVE, NULL);
	if (result == 0)
		result = run(store, COMMIT, NULL);
	if (result != 0)
		fail(store, "cannot write to", error);
	roll_back(store);
	if (result == 0)
		key->generation = (uint64_t)generation;
	return result;
}

int store_check(struct store *store, char *error)
{
	if (begin(store, error) != 0)
		return -1;
	roll_back(store);
	return 0;
}
