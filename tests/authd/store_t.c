#include "../../authd/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap/tap.h"

static char directory[] = "/tmp/store_t.XXXXXX";
static char error[STORE_ERROR_SIZE];

static struct store *open_store(void)
{
	struct store *store = store_open("sqlite:keys.db", directory, error);
	if (!store)
		printf("# %s\n", error);
	return store;
}

static struct key *make_key(const char *id, uint8_t secret)
{
	struct key *key = key_new("m1\nm/2:latest");
	snprintf(key->id, sizeof(key->id), "%s", id);
	snprintf(key->name, sizeof(key->name), "name of %s", id);
	snprintf(key->owner, sizeof(key->owner), "Jos\xc3\xa9 \"the\" o'ner; DROP TABLE keys");
	key->limits = (struct limits){UINT32_MAX, 2, 3, UINT64_C(1000000000000000), BUDGET_MONTH};
	key->created = 11;
	key->changed = 12;
	key->expires = 13;
	memset(key->hash, secret, sizeof(key->hash));
	return key;
}

struct loaded {
	struct key *keys[8];
	size_t count;
};

static int collect(void *arg, struct key *key)
{
	struct loaded *loaded = arg;
	if (loaded->count == 8)
		return -1;
	loaded->keys[loaded->count++] = key;
	return 0;
}

static struct loaded load(struct store *store)
{
	struct loaded loaded = {.count = 0};
	is_int(store_load(store, collect, &loaded, error), 0, "keys are loaded");
	return loaded;
}

static void forget(struct loaded *loaded)
{
	for (size_t i = 0; i < loaded->count; i++)
		free(loaded->keys[i]);
}

static bool same_key(const struct key *a, const struct key *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->name, b->name) == 0 && strcmp(a->owner, b->owner) == 0 &&
	       strcmp(a->models, b->models) == 0 && a->limits.rpm == b->limits.rpm && a->limits.tpm == b->limits.tpm &&
	       a->limits.concurrency == b->limits.concurrency && a->limits.budget == b->limits.budget &&
	       a->limits.period == b->limits.period && a->generation == b->generation && a->created == b->created &&
	       a->changed == b->changed && a->expires == b->expires && a->revoked == b->revoked &&
	       memcmp(a->hash, b->hash, sizeof(a->hash)) == 0 && a->former.until == b->former.until &&
	       a->former.generation == b->former.generation &&
	       memcmp(a->former.hash, b->former.hash, sizeof(a->former.hash)) == 0;
}

static void keeps_keys(void)
{
	struct store *store = open_store();
	struct key *key = make_key("one", 1), *other = make_key("two", 2);
	struct loaded loaded = load(store);
	is_int((long long)loaded.count, 0, "a new store is empty");
	is_int(store_save(store, key, error), 0, "a key is saved");
	is_int((long long)key->generation, 1, "with the first generation");
	is_int(store_save(store, other, error), 0, "another key is saved");
	is_int((long long)other->generation, 2, "with the next");
	key->revoked = 14;
	key->former.until = 15;
	key->former.generation = 1;
	memset(key->hash, 3, sizeof(key->hash));
	memset(key->former.hash, 1, sizeof(key->former.hash));
	is_int(store_save(store, key, error), 0, "a change is saved");
	is_int((long long)key->generation, 3, "with the next again");
	store_close(store);

	store = open_store();
	loaded = load(store);
	is_int((long long)loaded.count, 2, "both are there after reopening");
	ok(same_key(loaded.keys[0], key) && same_key(loaded.keys[1], other), "each as it was last saved");
	is_int(store_save(store, other, error), 0, "a save after reopening");
	is_int((long long)other->generation, 4, "generations go on where they were");
	forget(&loaded);
	store_close(store);
	free(key);
	free(other);
}

static void is_private(void)
{
	char path[128];
	struct stat about;
	snprintf(path, sizeof(path), "%s/keys.db", directory);
	ok(stat(path, &about) == 0 && (about.st_mode & 0777) == 0600, "the file is its owner's alone");
}

static void refuses_two_keys_with_one_secret(void)
{
	struct store *store = open_store();
	struct key *thief = make_key("three", 2);
	thief->generation = 77;
	is_int(store_save(store, thief, error), -1, "a second key with the same secret is refused");
	is_int((long long)thief->generation, 77, "and keeps its generation");
	is_int(store_check(store, error), 0, "the store goes on");
	struct loaded loaded = load(store);
	is_int((long long)loaded.count, 2, "nothing was added");
	forget(&loaded);
	free(thief);
	store_close(store);
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
	struct key *key = make_key("four", 4);
	sqlite3 *other = open_beside();
	run_sql(other, "BEGIN IMMEDIATE");
	is_int(store_save(store, key, error), -1, "a locked store takes no key");
	is_text(error, "cannot write to the key store: database is locked", "and says why");
	is_int(store_check(store, error), -1, "nor is it well");
	run_sql(other, "ROLLBACK");
	is_int(store_check(store, error), 0, "then it is");
	is_int(store_save(store, key, error), 0, "and takes it");
	sqlite3_close(other);
	store_close(store);
	free(key);
}

static void refuses_bad_rows(void)
{
	static const char *const spoil[] = {"rpm = -1",
	                                    "rpm = 4294967296",
	                                    "budget = 'much'",
	                                    "hash = x'00'",
	                                    "name = 'a' || char(0) || 'b'",
	                                    "owner = printf('%200d', 1)"};
	for (size_t i = 0; i < sizeof(spoil) / sizeof(*spoil); i++) {
		char sql[128];
		struct loaded loaded = {.count = 0};
		struct store *store = open_store();
		sqlite3 *other = open_beside();
		snprintf(sql, sizeof(sql), "BEGIN; UPDATE keys SET %s WHERE id = 'four'", spoil[i]);
		run_sql(other, sql);
		run_sql(other, "COMMIT");
		is_int(store_load(store, collect, &loaded, error), -1, "a row with %s is refused", spoil[i]);
		is_text(error, "cannot use the key store's row \"four\"", "by its id");
		run_sql(other, "DELETE FROM keys WHERE id = 'four'");
		sqlite3_close(other);
		struct key *key = make_key("four", 4);
		is_int(store_save(store, key, error), 0, "a good one is taken again");
		free(key);
		forget(&loaded);
		store_close(store);
	}
}

static void refuses_other_versions(void)
{
	sqlite3 *other = open_beside();
	run_sql(other, "PRAGMA user_version = 99");
	ok(!store_open("sqlite:keys.db", directory, error), "a store of a later version is not opened");
	is_text(error, "the key store has version 99; this program knows up to 1", "and says why");
	run_sql(other, "PRAGMA user_version = 1");
	sqlite3_close(other);
}

static void refuses_what_is_no_store(void)
{
	char path[128], url[160];
	ok(store_knows("sqlite:keys.db") && store_knows("sqlite:/a/b"), "SQLite files are known");
	ok(!store_knows("postgresql://db/keys") && !store_knows("keys.db") && !store_knows("sqlite:"),
	   "other things are not");
	ok(!store_open("sqlite:.", directory, error), "a directory is no store");
	ok(!store_open("sqlite:keys.db", "/dev/null/authd", error), "a place where nothing can be made");
	ok(strstr(error, "/dev/null/authd") && strstr(error, "Not a directory"), "is named, with the reason");
	snprintf(path, sizeof(path), "%s/text", directory);
	FILE *file = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fprintf(file, "this is no database\n");
	fclose(file);
	snprintf(url, sizeof(url), "sqlite:%s", path);
	ok(!store_open(url, directory, error), "nor is a text file one");
	is_text(error, "cannot use the key store: file is not a database", "and says why");
}

static void refuses_when_its_file_is_gone(void)
{
	char path[128];
	struct store *store = open_store();
	struct key *key = make_key("five", 5);
	snprintf(path, sizeof(path), "%s/keys.db", directory);
	unlink(path);
	is_int(store_save(store, key, error), -1, "a store whose file was deleted takes no key");
	is_text(error, "the key store's file was moved or deleted", "and says why");
	free(key);
	store_close(store);
}

int main(void)
{
	if (!mkdtemp(directory))
		return 1;
	keeps_keys();
	is_private();
	refuses_two_keys_with_one_secret();
	refuses_while_locked();
	refuses_bad_rows();
	refuses_other_versions();
	refuses_what_is_no_store();
	refuses_when_its_file_is_gone();
	char clean[64];
	snprintf(clean, sizeof(clean), "rm -r %s", directory);
	return system(clean) != 0 || tap_done() != 0;
}
