#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "postgres_private.h"

#define UNDEFINED_TABLE "42P01"

/* Tables with history in them take their time to change. */
enum { MIGRATION_MS = 10 * 60 * 1000, STATEMENT_MS = POSTGRES_DEADLINE_MS / 4 * 3 };

static const char session[] = "SET statement_timeout TO %d; SET lock_timeout TO %d;"
							  "SET idle_in_transaction_session_timeout TO %d; SET search_path TO %s";

static const char version[] = "SELECT coalesce(max(version), 0) FROM migrations";

/* Whoever starts at the same time waits here, and then finds it done. */
static const char begin[] = "BEGIN;"
							"SELECT pg_advisory_xact_lock(hashtext('heimgate'), hashtext('%1$s'));"
							"DO $$ BEGIN"
							" IF to_regnamespace('%1$s') IS NULL THEN CREATE SCHEMA %1$s; END IF;"
							" END $$;"
							"CREATE TABLE IF NOT EXISTS migrations"
							" (version integer PRIMARY KEY, made timestamptz NOT NULL DEFAULT now());"
							"%2$s";

/* Text that is run and forgotten. */
struct script {
	FILE *file;
	char *text;
	size_t size;
};

static void open_script(struct script *script)
{
	script->file = open_memstream(&script->text, &script->size);
	CHECK(script->file != NULL);
}

static void push(struct postgres *postgres, struct script *script, postgres_answer *answer)
{
	CHECK(fclose(script->file) == 0);
	postgres_push(postgres, script->text, answer);
	free(script->text);
}

static void fail(struct postgres *postgres, const char *error)
{
	char reason[POSTGRES_ERROR_SIZE];
	snprintf(reason, sizeof(reason), "cannot set up the schema %s: %.400s", postgres->plan->schema, error);
	postgres_reconnect(postgres, reason);
}

static void prepared(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	struct postgres *postgres = arg;
	(void)sqlstate;
	if (rows)
		postgres_came_up(postgres);
	else
		fail(postgres, error);
}

static void prepare(struct postgres *postgres)
{
	const struct postgres_plan *plan = postgres->plan;
	struct script script;
	open_script(&script);
	for (unsigned i = 0; i < plan->statement_count; i++)
		fprintf(script.file, "PREPARE %s AS %s;", plan->statements[i].name, plan->statements[i].sql);
	if (plan->channel)
		fprintf(script.file, "LISTEN %s;", plan->channel);
	push(postgres, &script, prepared);
}

static void migrated(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	struct postgres *postgres = arg;
	(void)sqlstate;
	if (rows)
		prepare(postgres);
	else
		fail(postgres, error);
}

/* In the transaction that holds the lock. */
static void migrate_from(struct postgres *postgres, unsigned from)
{
	const struct postgres_plan *plan = postgres->plan;
	struct script script;
	open_script(&script);
	fprintf(script.file, "SET LOCAL statement_timeout TO %d;", MIGRATION_MS);
	for (; from < plan->migration_count; from++)
		fprintf(script.file, "%s; INSERT INTO migrations (version) VALUES (%u);", plan->migrations[from], from + 1);
	fprintf(script.file, "COMMIT");
	push(postgres, &script, migrated);
	loop_timer_set(&postgres->deadline, MIGRATION_MS);
}

/* False when the answer is no version that can be brought up to date; the connection is given up then. */
static bool read_version(struct postgres *postgres, const PGresult *rows, const char *error, unsigned *found)
{
	if (!rows) {
		fail(postgres, error);
		return false;
	}
	unsigned long number = strtoul(postgres_value(rows, 0, 0), NULL, 10);
	*found = (unsigned)number;
	if (number > postgres->plan->migration_count)
		fail(postgres, "its tables were made by a newer version of this program");
	return number <= postgres->plan->migration_count;
}

static void found_locked_version(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	struct postgres *postgres = arg;
	unsigned found;
	(void)sqlstate;
	if (read_version(postgres, rows, error, &found))
		migrate_from(postgres, found);
}

static void lock(struct postgres *postgres)
{
	struct script script;
	open_script(&script);
	fprintf(script.file, begin, postgres->plan->schema, version);
	push(postgres, &script, found_locked_version);
}

/* Nobody waits for a lock who has nothing to change. */
static void found_version(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	struct postgres *postgres = arg;
	unsigned found = 0;
	if (strcmp(sqlstate, UNDEFINED_TABLE) != 0 && !read_version(postgres, rows, error, &found))
		return;
	if (found < postgres->plan->migration_count)
		lock(postgres);
	else
		prepare(postgres);
}

static void session_begun(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	struct postgres *postgres = arg;
	(void)sqlstate;
	if (rows)
		postgres_push(postgres, version, found_version);
	else
		fail(postgres, error);
}

void postgres_set_up(struct postgres *postgres)
{
	struct script script;
	open_script(&script);
	fprintf(script.file, session, STATEMENT_MS, STATEMENT_MS, STATEMENT_MS, postgres->plan->schema);
	push(postgres, &script, session_begun);
}
