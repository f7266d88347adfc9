/*
 * heimgate-migrate-keys: copies every key from the embedded store to the one
 * that HEIMGATE_AUTH_STORE names, in one transaction, and compares both.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/postgres.h"
#include "../proto/daemon/resolver.h"
#include "../proto/daemon/sp.h"
#include "../proto/wire/proto.h"
#include "keystore.h"
#include "store.h"
#include "store_postgres_row.h"

enum { REPORT_KEYS = 1000 }; /* how many are copied between two lines about it */

static const char help[] =
	"heimgate-migrate-keys: copy every key to PostgreSQL\n"
	"\n"
	"usage: heimgate-migrate-keys [FROM]\n"
	"\n"
	"Copies the keys in FROM, which is sqlite:keys.db unless it is given and as HEIMGATE_AUTH_STORE was, to the\n"
	"database that HEIMGATE_AUTH_STORE names now, and compares what has arrived.  Revoked and expired keys are\n"
	"copied too, and all keep their generations.  The suite must not be running.  FROM stays as it is.\n"
	"\n"
	"A database with other keys in it is left alone; one with the same keys is fine.\n";

static struct {
	struct keystore *from, *to;
	struct postgres *postgres;
	size_t next; /* of `from`, to be copied */
	bool copied;
} migrate;

/* --- the embedded store --- */

static void reset(void *arg)
{
	keystore_clear(arg);
}

static int found(void *arg, struct key *key)
{
	if (keystore_reserve(arg) != 0)
		fatalx("out of memory");
	keystore_put(arg, key);
	return 0;
}

static void loaded(void *arg)
{
	(void)arg;
}

/* SQLite would make a file that is missing. */
static void judge_file(const char *directory, const char *url)
{
	char *path = conf_path(directory, strchr(url, ':') + 1);
	if (access(path, R_OK | W_OK) != 0)
		fatal("cannot use %s", path);
	free(path);
}

static void read_embedded(const struct conf_authd *conf, const char *url)
{
	char error[STORE_ERROR_SIZE];
	char *directory = conf_path(conf->state, "authd");
	struct store_setup setup = {
		.url = url, .password_file = "", .directory = directory, .events = {reset, found, loaded, NULL, migrate.from}};
	judge_file(directory, url);
	struct store *store = store_open(&setup, error);
	if (!store)
		fatalx("%s", error);
	store_close(store);
	free(directory);
}

/* --- PostgreSQL --- */

static void count_keys(void *arg, const PGresult *rows, const char *error, const char *sqlstate);

static void need(const PGresult *rows, const char *what, const char *error)
{
	if (!rows)
		fatalx("cannot %s the database: %s", what, error);
}

static void ask_for_keys(void)
{
	keystore_clear(migrate.to);
	postgres_ask(migrate.postgres, "read_keys", 0, NULL, count_keys, NULL);
}

static void committed(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	(void)arg;
	(void)sqlstate;
	need(rows, "write to", error);
	migrate.copied = true;
	ask_for_keys();
}

static uint64_t newest_generation(void)
{
	uint64_t newest = 0;
	for (size_t i = 0; i < keystore_count(migrate.from); i++)
		if (keystore_at(migrate.from, i)->generation > newest)
			newest = keystore_at(migrate.from, i)->generation;
	return newest;
}

static void commit(void)
{
	char sql[128];
	snprintf(sql, sizeof(sql),
	         "UPDATE counter SET generation = greatest(generation, %llu); NOTIFY " STORE_POSTGRES_CHANNEL "; COMMIT",
	         (unsigned long long)newest_generation());
	postgres_run(migrate.postgres, sql, committed, NULL);
}

static void copy_next(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	struct store_postgres_values values;
	(void)arg;
	(void)sqlstate;
	need(rows, "write to", error);
	if (migrate.next == keystore_count(migrate.from)) {
		commit();
		return;
	}
	if (migrate.next > 0 && migrate.next % REPORT_KEYS == 0)
		fprintf(stderr, "%zu of %zu keys\n", migrate.next, keystore_count(migrate.from));
	store_postgres_put(&values, keystore_at(migrate.from, migrate.next++));
	postgres_ask(migrate.postgres, "add_key", values.count, values.list, copy_next, NULL);
}

static bool is_the_same(void)
{
	bool same = keystore_count(migrate.to) == keystore_count(migrate.from);
	for (size_t i = 0; same && i < keystore_count(migrate.to); i++)
		same = key_equal(keystore_at(migrate.to, i), keystore_at(migrate.from, i));
	return same;
}

static void take_keys(const PGresult *rows)
{
	for (int i = 0; i < PQntuples(rows); i++) {
		struct key *key = store_postgres_get(rows, i);
		if (key)
			found(migrate.to, key);
		else
			fatalx("the database's row of key %s cannot be used", PQgetvalue(rows, i, 0));
	}
}

/* Before and after: an empty table is filled, and a full one has to be the same. */
static void count_keys(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	(void)arg;
	(void)sqlstate;
	need(rows, "read", error);
	take_keys(rows);
	if (is_the_same()) {
		printf(migrate.copied ? "moved %zu keys; the database has each of them as it was\n"
		                      : "nothing was left to do: the database has each of %zu keys as it was\n",
		       keystore_count(migrate.to));
		loop_stop();
	} else if (migrate.copied || keystore_count(migrate.to) > 0) {
		fatalx("the database has %zu keys, and they are others: nothing was copied", keystore_count(migrate.to));
	} else {
		copy_next(NULL, rows, "", "");
	}
}

/* Whoever else uses the database waits meanwhile. */
static void locked(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	(void)arg;
	(void)sqlstate;
	need(rows, "lock", error);
	ask_for_keys();
}

static void up(void *arg)
{
	(void)arg;
	postgres_run(migrate.postgres, "BEGIN; SELECT generation FROM counter FOR UPDATE", locked, NULL);
}

static void down(void *arg, const char *reason)
{
	(void)arg;
	fatalx("the database is lost: %s", reason);
}

static void open_database(const struct conf_authd *conf)
{
	static const struct postgres_statement statements[] = {
		{"read_keys", "SELECT " STORE_POSTGRES_COLUMNS " FROM keys"},
		{"add_key", "INSERT INTO keys VALUES (" STORE_POSTGRES_PARAMETERS ")"},
	};
	static const struct postgres_plan plan = {.program = "heimgate-migrate-keys",
	                                          .schema = STORE_POSTGRES_SCHEMA,
	                                          .migrations = store_postgres_migrations,
	                                          .migration_count = STORE_POSTGRES_MIGRATIONS,
	                                          .statements = statements,
	                                          .statement_count = sizeof(statements) / sizeof(*statements),
	                                          .up = up,
	                                          .down = down};
	resolver_open();
	migrate.postgres = postgres_open(conf->store, conf->password_file, &plan, NULL);
}

/* --- start and end --- */

static void judge_urls(const char *from, const char *to)
{
	char error[STORE_ERROR_SIZE];
	if (!store_judge(from, error) || store_is_remote(from))
		fatal_usage("the store to copy from must be like sqlite:keys.db");
	if (!store_judge(to, error))
		fatal_usage("HEIMGATE_AUTH_STORE: %s", error);
	if (!store_is_remote(to))
		fatal_usage("HEIMGATE_AUTH_STORE has to name the database to copy to: postgresql://USER@HOST/DATABASE");
}

/* What a running authd changed meanwhile would be left behind.  By way of the directory's descriptor, because a
 * socket's path may have 107 bytes only. */
static void judge_suite(const struct conf_authd *conf)
{
	char path[64];
	int directory = open(conf->run, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0 && errno == ENOENT)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s/link", directory, wire_link_info(LINK_CTL_AUTHD)->name);
	if (directory >= 0 && sp_dial(path) >= 0)
		fatalx("heimgate-authd is running: stop the suite first");
	if (errno != ENOENT && errno != ECONNREFUSED)
		fatal("cannot tell whether heimgate-authd is running");
	close(directory);
}

int main(int argc, char **argv)
{
	static struct conf_authd conf;
	log_init("migrate-keys");
	if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
		fputs(help, stdout);
		return 0;
	}
	if (argc > 2)
		fatal_usage("it takes one store at most; --help says what it does");
	conf_load_environment(CONF_AUTHD, &conf);
	const char *from = argc == 2 ? argv[1] : "sqlite:keys.db";
	judge_urls(from, conf.store);
	judge_suite(&conf);
	loop_open();
	migrate.from = keystore_new();
	migrate.to = keystore_new();
	read_embedded(&conf, from);
	open_database(&conf);
	loop_run();
	postgres_close(migrate.postgres);
	keystore_free(migrate.to);
	keystore_free(migrate.from);
	return 0;
}
