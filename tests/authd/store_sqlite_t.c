/* What a store of keys in SQLite has to do beside what every store does. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../proto/daemon/log.h"
#include "../tap/tap.h"
#include "host.h"

static const char *directory;
static char error[STORE_ERROR_SIZE];

static void reset(void *arg)
{
	(void)arg;
}

static int found(void *arg, struct key *key)
{
	(void)arg;
	free(key);
	return 0;
}

static void loaded(void *arg)
{
	(void)arg;
}

static struct store *try_store(const char *url, const char *where)
{
	struct store_setup setup = {
		.url = url, .password_file = "", .directory = where, .events = {reset, found, loaded, NULL, NULL}};
	return store_open(&setup, error);
}

static struct store *open_store(void)
{
	struct store *store = try_store("sqlite:keys.db", directory);
	if (!store)
		printf("# %s\n", error);
	return store;
}

/* Whether it was; if not, error[] says why. */
static bool is_saved(struct store *store, const char *id, uint8_t secret)
{
	struct host_outcome outcome;
	struct key *key = host_make_key(id, secret);
	host_begin_save(&(struct host){.store = store}, key, &outcome);
	snprintf(error, sizeof(error), "%s", outcome.reason);
	free(key);
	return outcome.known && outcome.outcome == STORE_SAVED;
}

static void is_private(void)
{
	char path[128];
	struct stat about;
	snprintf(path, sizeof(path), "%s/keys.db", directory);
	ok(stat(path, &about) == 0 && (about.st_mode & 0777) == 0600, "the file is its owner's alone");
}

static void run_sql(sqlite3 *db, const char *sql)
{
	is_int(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "another program does: %s", sql);
}

static sqlite3 *open_beside(void)
{
	char path[128];
	sqlite3 *db;
	snprintf(path, sizeof(path), "%s/keys.db", directory);
	return sqlite3_open(path, &db) == SQLITE_OK ? db : NULL;
}

static void refuses_while_locked(void)
{
	struct store *store = open_store();
	sqlite3 *other = open_beside();
	run_sql(other, "BEGIN IMMEDIATE");
	ok(!is_saved(store, "four", 4), "a locked store takes no key");
	is_text(error, "cannot write to the key store: database is locked", "and says why");
	ok(!store_is_well(store, error), "nor is it well");
	run_sql(other, "ROLLBACK");
	ok(store_is_well(store, error), "then it is");
	ok(is_saved(store, "four", 4), "and takes it");
	sqlite3_close(other);
	store_close(store);
}

static void refuses_bad_rows(void)
{
	static const char *const spoil[] = {"rpm = -1",
	                                    "rpm = 4294967296",
	                                    "budget = 'much'",
	                                    "local_only = 2",
	                                    "images = -1",
	                                    "image_kib = 4294967296",
	                                    "hash = x'00'",
	                                    "name = 'a' || char(0) || 'b'",
	                                    "name = CAST(x'ff' AS TEXT)",
	                                    "name = ''",
	                                    "owner = printf('%200d', 1)",
	                                    "owner = char(27) || '[2K'",
	                                    "models = 'm1' || char(10)",
	                                    "models = CAST(x'6dc3' AS TEXT)"};
	sqlite3 *other = open_beside();
	for (size_t i = 0; i < sizeof(spoil) / sizeof(*spoil); i++) {
		char sql[128];
		snprintf(sql, sizeof(sql), "UPDATE keys SET %s WHERE id = 'four'", spoil[i]);
		run_sql(other, sql);
		ok(!try_store("sqlite:keys.db", directory), "a store with such a row is not opened");
		is_text(error, "cannot use the key store's row \"four\"", "and says which it is");
		run_sql(other, "DELETE FROM keys WHERE id = 'four'");
		struct store *store = open_store();
		ok(is_saved(store, "four", 4), "a good one is taken again");
		store_close(store);
	}
	sqlite3_close(other);
}

static int take(void *arg, struct key *key)
{
	*(struct key **)arg = key;
	return 0;
}

static void brings_up_to_date(void)
{
	static const char first_version[] =
		"CREATE TABLE counter (generation INTEGER NOT NULL) STRICT; INSERT INTO counter VALUES (7);"
		"CREATE TABLE keys (id TEXT PRIMARY KEY, name TEXT NOT NULL, owner TEXT NOT NULL, models TEXT NOT NULL,"
		" rpm INTEGER NOT NULL, tpm INTEGER NOT NULL, concurrency INTEGER NOT NULL, budget TEXT NOT NULL,"
		" generation INTEGER NOT NULL, created INTEGER NOT NULL, changed INTEGER NOT NULL,"
		" expires INTEGER NOT NULL, revoked INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE,"
		" former_until INTEGER NOT NULL, former_generation INTEGER NOT NULL, former_hash BLOB NOT NULL) STRICT;"
		"INSERT INTO keys VALUES ('old', 'an old key', '', 'm', 1, 2, 3, '4/day', 7, 5, 6, 0, 0, zeroblob(32), 0, 0,"
		" zeroblob(32)); PRAGMA user_version = 1";
	char path[128];
	sqlite3 *db;
	struct key *key = NULL;
	struct store_setup setup = {.url = "sqlite:old.db",
	                            .password_file = "",
	                            .directory = directory,
	                            .events = {reset, take, loaded, NULL, &key}};
	snprintf(path, sizeof(path), "%s/old.db", directory);
	CHECK(sqlite3_open(path, &db) == SQLITE_OK);
	is_int(sqlite3_exec(db, first_version, NULL, NULL, NULL), SQLITE_OK, "there is a store of the first version");
	sqlite3_close(db);
	struct store *store = store_open(&setup, error);
	CHECK(store && key);
	ok(strcmp(key->name, "an old key") == 0 && key->limits.rpm == 1 && key->generation == 7, "its keys are there");
	ok(!key->scope.local_only && key->scope.images == 0 && key->scope.image_kib == 0, "without any rule");
	key->revoked = 8;
	struct host_outcome outcome = host_save(&(struct host){.store = store}, key);
	ok(outcome.outcome == STORE_SAVED && outcome.generation == 8, "and can be changed");
	store_close(store);
	free(key);
}

static void refuses_other_versions(void)
{
	sqlite3 *other = open_beside();
	run_sql(other, "PRAGMA user_version = 99");
	ok(!try_store("sqlite:keys.db", directory), "a store of a later version is not opened");
	is_text(error, "the key store has version 99; this program knows up to 2", "and says why");
	run_sql(other, "PRAGMA user_version = 2");
	sqlite3_close(other);
}

static void judges_urls(void)
{
	ok(store_judge("sqlite:keys.db", error) && store_judge("sqlite:/a/b", error), "SQLite files are known");
	ok(store_judge("postgresql://me@db/keys", error), "and databases of PostgreSQL");
	ok(!store_judge("mysql://db/keys", error) && !store_judge("keys.db", error) && !store_judge("sqlite:", error),
	   "other things are not");
	is_text(error, "it must be like sqlite:keys.db or postgresql://USER@HOST/DATABASE", "and are told what would be");
	ok(!store_judge("postgresql://me:sesame@db/keys", error) && !strstr(error, "sesame"),
	   "a password in a URL is refused, and not repeated");
}

static void refuses_what_is_no_store(void)
{
	char path[128], url[160];
	ok(!try_store("sqlite:.", directory), "a directory is no store");
	ok(!try_store("sqlite:keys.db", "/dev/null/authd"), "a place where nothing can be made");
	ok(strstr(error, "/dev/null/authd") && strstr(error, "Not a directory"), "is named, with the reason");
	snprintf(path, sizeof(path), "%s/text", directory);
	FILE *file = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fprintf(file, "this is no database\n");
	fclose(file);
	snprintf(url, sizeof(url), "sqlite:%s", path);
	ok(!try_store(url, directory), "nor is a text file one");
	is_text(error, "cannot use the key store: file is not a database", "and says why");
}

static void refuses_when_its_file_is_gone(void)
{
	char path[128];
	struct store *store = open_store();
	snprintf(path, sizeof(path), "%s/keys.db", directory);
	unlink(path);
	ok(!is_saved(store, "five", 5), "a store whose file was deleted takes no key");
	is_text(error, "the key store's file was moved or deleted", "and says why");
	store_close(store);
}

int main(void)
{
	char clean[64];
	directory = host_prepare();
	snprintf(clean, sizeof(clean), "rm -r %s", directory);
	store_close(open_store());
	is_private();
	refuses_while_locked();
	refuses_bad_rows();
	brings_up_to_date();
	refuses_other_versions();
	judges_urls();
	refuses_what_is_no_store();
	refuses_when_its_file_is_gone();
	return system(clean) != 0 || tap_done() != 0;
}
