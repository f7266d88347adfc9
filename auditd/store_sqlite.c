#include "store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/log.h"

/* Of the tables.  A store of another version is filled anew from the journal instead of being converted. */
#define VERSION 1
#define QUOTE(number) #number
#define QUOTED(number) QUOTE(number)

enum { FILE_MODE = 0640 };

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
	[ADD] = "INSERT OR REPLACE INTO records (seq" STORE_SQLITE_MEMBERS ") VALUES (?" RECORD_MEMBERS(MARK) ")",
	[COUNT] = "INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
			  " key_name = excluded.key_name, requests = requests + excluded.requests,"
			  " refusals = refusals + excluded.refusals,"
			  " tokens_in = min(tokens_in + excluded.tokens_in, 9007199254740991),"
			  " tokens_out = min(tokens_out + excluded.tokens_out, 9007199254740991)",
};

int store_sqlite_fail(struct store_sqlite *store, const char *what, char *error)
{
	const char *why = store->db ? sqlite3_errmsg(store->db) : "it is gone and could not be made again";
	snprintf(error, STORE_ERROR_SIZE, "cannot %s the store: %s", what, why);
	if (store->db && !sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

int64_t store_sqlite_number(struct store_sqlite *store, const char *question)
{
	sqlite3_stmt *statement = NULL;
	int64_t number = -1;
	if (sqlite3_prepare_v2(store->db, question, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

int store_sqlite_empty(struct store_sqlite *store, char *error)
{
	if (sqlite3_exec(store->db, tables, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return store_sqlite_fail(store, "empty", error);
}

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

bool store_sqlite_is_current(const char *path)
{
	struct store_sqlite store = {.db = NULL};
	bool current = sqlite3_open_v2(path, &store.db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
	               store_sqlite_number(&store, "PRAGMA user_version") == VERSION;
	sqlite3_close(store.db);
	return current;
}

static int connect_file(struct store_sqlite *store, char *error)
{
	if (make_file(store->path, error) < 0)
		return -1;
	if (sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
	    sqlite3_exec(store->db, pragmas, NULL, NULL, NULL) != SQLITE_OK)
		return store_sqlite_fail(store, "open", error);
	if (store_sqlite_number(store, "PRAGMA user_version") != VERSION &&
	    sqlite3_exec(store->db, tables, NULL, NULL, NULL) != SQLITE_OK)
		return store_sqlite_fail(store, "set up", error);
	for (int i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(store->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &store->statements[i], NULL) !=
		    SQLITE_OK)
			return store_sqlite_fail(store, "use", error);
	return 0;
}

static void disconnect(struct store_sqlite *store)
{
	for (int i = 0; i < STATEMENTS; i++) {
		sqlite3_finalize(store->statements[i]);
		store->statements[i] = NULL;
	}
	sqlite3_close(store->db);
	store->db = NULL;
}

int store_sqlite_reconnect_if_gone(struct store_sqlite *store, char *error)
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

static void close_store(struct store *base)
{
	struct store_sqlite *store = (struct store_sqlite *)base;
	disconnect(store);
	free(store->path);
	free(store->journal);
	free(store);
}

struct store *store_sqlite_open(const struct store_conf *conf, char *error)
{
	static const struct store_engine engine = {.close = close_store,
	                                           .begin = store_sqlite_begin,
	                                           .begin_anew = store_sqlite_begin_anew,
	                                           .add = store_sqlite_add,
	                                           .commit = store_sqlite_commit,
	                                           .expire = store_sqlite_expire,
	                                           .ask = store_sqlite_ask};
	struct store_sqlite *store = calloc(1, sizeof(*store));
	CHECK(store != NULL);
	store->store.engine = &engine;
	store->path = conf_path(conf->directory, strchr(conf->url, ':') + 1);
	store->journal = strdup(conf->journal);
	CHECK(store->journal != NULL);
	if (connect_file(store, error) == 0)
		return &store->store;
	close_store(&store->store);
	return NULL;
}
