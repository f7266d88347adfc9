#include "store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of the tables.  A store of another version is filled anew from the journal instead of being converted. */
#define VERSION 1
#define QUOTE(number) #number
#define QUOTED(number) QUOTE(number)

enum {
	FILE_MODE = 0640,
	FAILED_STATUS = 400, /* from here on a request's model name may be anything */
	EXPIRE_ROWS = 200    /* removed at a time, so that nobody waits for long */
};

#define SQL_HEX "TEXT"
#define SQL_KIND "TEXT"
#define SQL_TIME "INTEGER"
#define SQL_REQUEST "TEXT"
#define SQL_TEXT "TEXT"
#define SQL_U16 "INTEGER"
#define SQL_U32 "INTEGER"
#define SQL_U64 "INTEGER"
#define SQL_BOOL "INTEGER"
#define DEFINITION(type, member) ", " #member " " SQL_##type " NOT NULL"
#define MARK(type, member) ", ?"

static const char tables[] =
	"BEGIN IMMEDIATE;"
	"DROP TABLE IF EXISTS records;"
	"DROP TABLE IF EXISTS usage;"
	"DROP TABLE IF EXISTS cursor;"
	"CREATE TABLE records (seq INTEGER PRIMARY KEY" RECORD_MEMBERS(
		DEFINITION) ") STRICT;"
					"CREATE INDEX records_request ON records (request_id) WHERE request_id != '';"
					"CREATE INDEX records_key ON records (key_id, time);"
					"CREATE TABLE usage ("
					" key_id TEXT NOT NULL, day INTEGER NOT NULL, model TEXT NOT NULL, key_name TEXT NOT NULL,"
					" requests INTEGER NOT NULL, refusals INTEGER NOT NULL,"
					" tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,"
					" PRIMARY KEY (key_id, day, model)) STRICT, WITHOUT ROWID;"
					"CREATE TABLE cursor (segment INTEGER NOT NULL, offset INTEGER NOT NULL, seq INTEGER NOT NULL) "
					"STRICT;"
					"INSERT INTO cursor VALUES (0, 0, 0);"
					"PRAGMA user_version = " QUOTED(VERSION) ";"
															 "COMMIT";

/* The journal is the truth: what a power cut takes from here is followed again, so no commit need wait for the
 * disk.  Space that became unused can be given back only when the file began with auto_vacuum. */
static const char pragmas[] = "PRAGMA auto_vacuum = INCREMENTAL;"
							  "PRAGMA journal_mode = WAL;"
							  "PRAGMA synchronous = NORMAL;"
							  "PRAGMA temp_store = MEMORY;"
							  "PRAGMA trusted_schema = OFF";

static const char *const sql[STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[GET_CURSOR] = "SELECT segment, offset, seq FROM cursor",
	[SET_CURSOR] = "UPDATE cursor SET segment = ?, offset = ?, seq = ?",
	[ADD] = "INSERT OR REPLACE INTO records (" STORE_SQLITE_COLUMNS ") VALUES (?" RECORD_MEMBERS(MARK) ")",
	[COUNT] = "INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
			  " key_name = excluded.key_name, requests = requests + excluded.requests,"
			  " refusals = refusals + excluded.refusals, tokens_in = tokens_in + excluded.tokens_in,"
			  " tokens_out = tokens_out + excluded.tokens_out",
};

int store_sqlite_fail(struct store *store, const char *what, char *error)
{
	const char *why = store->db ? sqlite3_errmsg(store->db) : "it is gone and could not be made again";
	snprintf(error, STORE_ERROR_SIZE, "cannot %s the store: %s", what, why);
	if (store->db && !sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

static struct row use(struct store *store, enum store_sqlite_statement which)
{
	return (struct row){.statement = store->statements[which]};
}

/* Runs a statement that yields no rows. */
static int run(struct store *store, enum store_sqlite_statement which)
{
	int result = sqlite3_step(store->statements[which]);
	sqlite3_reset(store->statements[which]);
	return result == SQLITE_DONE ? 0 : -1;
}

/* The number in the first column of the first row, or -1. */
static int64_t ask_number(struct store *store, const char *question)
{
	sqlite3_stmt *statement = NULL;
	int64_t number = -1;
	if (sqlite3_prepare_v2(store->db, question, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

/* --- opening --- */

/* SQLite would not say why it cannot make the file. */
static int make_file(const char *path, char *error)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
	if (fd < 0) {
		snprintf(error, STORE_ERROR_SIZE, "cannot open %s: %s", path, strerror(errno));
		return -1;
	}
	close(fd);
	return 0;
}

static int connect_file(struct store *store, char *error)
{
	if (make_file(store->path, error) < 0)
		return -1;
	if (sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
	    sqlite3_exec(store->db, pragmas, NULL, NULL, NULL) != SQLITE_OK)
		return store_sqlite_fail(store, "open", error);
	if (ask_number(store, "PRAGMA user_version") != VERSION &&
	    sqlite3_exec(store->db, tables, NULL, NULL, NULL) != SQLITE_OK)
		return store_sqlite_fail(store, "set up", error);
	for (int i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(store->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &store->statements[i], NULL) !=
		    SQLITE_OK)
			return store_sqlite_fail(store, "use", error);
	return 0;
}

static void disconnect(struct store *store)
{
	for (int i = 0; i < STATEMENTS; i++) {
		sqlite3_finalize(store->statements[i]);
		store->statements[i] = NULL;
	}
	sqlite3_close(store->db);
	store->db = NULL;
}

struct store *store_sqlite_open(const char *path, char *error)
{
	struct store *store = calloc(1, sizeof(*store));
	snprintf(error, STORE_ERROR_SIZE, "out of memory");
	if (store && (store->path = strdup(path)) != NULL && connect_file(store, error) == 0)
		return store;
	store_close(store);
	return NULL;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	disconnect(store);
	free(store->path);
	free(store);
}

/* --- filling --- */

/* SQLite goes on writing to a file that was deleted, and nobody would ever see it. */
static int reconnect_if_gone(struct store *store, char *error)
{
	int moved = store->db == NULL;
	if (store->db)
		sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	if (!moved)
		return 0;
	disconnect(store);
	if (connect_file(store, error) == 0)
		return 0;
	disconnect(store);
	return -1;
}

int store_begin(struct store *store, struct store_cursor *cursor, char *error)
{
	if (reconnect_if_gone(store, error) < 0)
		return -1;
	if (run(store, BEGIN) < 0)
		return store_sqlite_fail(store, "write to", error);
	struct row row = use(store, GET_CURSOR);
	int result = sqlite3_step(row.statement);
	if (result == SQLITE_ROW) {
		cursor->place.segment = row_get_number(&row);
		cursor->place.offset = row_get_number(&row);
		cursor->seq = row_get_number(&row);
	}
	sqlite3_reset(row.statement);
	return result == SQLITE_ROW ? 0 : store_sqlite_fail(store, "read", error);
}

/* Names of models that nobody serves would make a row each, for ever. */
static int count(struct store *store, const struct audit_record *record)
{
	if (record->kind == AUDIT_ADMIN)
		return 0;
	struct row row = use(store, COUNT);
	bool refused = record->kind == AUDIT_REFUSAL;
	row_put_text(&row, record->key_id);
	row_put_number(&row, record->time / RECORD_DAY_MS);
	row_put_text(&row, refused || record->status >= FAILED_STATUS ? "" : record->model);
	row_put_text(&row, record->key_name);
	row_put_number(&row, !refused);
	row_put_number(&row, refused);
	row_put_number(&row, refused ? 0 : record->tokens_in);
	row_put_number(&row, refused ? 0 : record->tokens_out);
	return run(store, COUNT);
}

int store_add(struct store *store, uint64_t seq, const struct audit_record *record, char *error)
{
	struct row row = use(store, ADD);
	row_put_number(&row, seq);
	row_put_record(&row, record);
	if (run(store, ADD) < 0 || count(store, record) < 0)
		return store_sqlite_fail(store, "write to", error);
	return 0;
}

int store_commit(struct store *store, const struct store_cursor *cursor, char *error)
{
	struct row row = use(store, SET_CURSOR);
	row_put_number(&row, cursor->place.segment);
	row_put_number(&row, cursor->place.offset);
	row_put_number(&row, cursor->seq);
	if (run(store, SET_CURSOR) < 0 || run(store, COMMIT) < 0)
		return store_sqlite_fail(store, "write to", error);
	return 0;
}

int store_clear(struct store *store, char *error)
{
	if (sqlite3_exec(store->db, tables, NULL, NULL, NULL) != SQLITE_OK)
		return store_sqlite_fail(store, "empty", error);
	return 0;
}

/* 1: there is more to give back, 0: no, -1. */
static int shrink(struct store *store)
{
	static const char unused[] = "PRAGMA freelist_count";
	int64_t before = ask_number(store, unused);
	if (before == 0)
		return 0;
	if (sqlite3_exec(store->db, "PRAGMA incremental_vacuum(64)", NULL, NULL, NULL) != SQLITE_OK)
		return -1;
	int64_t after = ask_number(store, unused);
	return after > 0 && after < before;
}

int store_expire(struct store *store, uint64_t seq, uint64_t day, char *error)
{
	char script[512];
	if (reconnect_if_gone(store, error) < 0)
		return -1;
	snprintf(script, sizeof(script),
	         "DELETE FROM usage WHERE day < %lld;"
	         "DELETE FROM records WHERE seq IN (SELECT seq FROM records WHERE seq < %lld ORDER BY seq LIMIT %d)",
	         (long long)day, (long long)seq, EXPIRE_ROWS);
	if (sqlite3_exec(store->db, script, NULL, NULL, NULL) != SQLITE_OK)
		return store_sqlite_fail(store, "expire rows of", error);
	if (sqlite3_changes(store->db) == EXPIRE_ROWS)
		return 1;
	int result = shrink(store);
	return result < 0 ? store_sqlite_fail(store, "shrink", error) : result;
}
