#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "postgres_private.h"

/* Tables with history in them take their time to change. */
enum { MIGRATION_MS = 10 * 60 * 1000, STATEMENT_MS = POSTGRES_DEADLINE_MS / 4 * 3 };

/* Whoever starts at the same time waits here, and then finds it done. */
static const char begin[] = "BEGIN;"
							"SELECT pg_advisory_xact_lock(hashtext('heimgate'), hashtext('%1$s'));"
							"DO $$ BEGIN"
							" IF to_regnamespace('%1$s') IS NULL THEN CREATE SCHEMA %1$s; END IF;"
							" END $$;"
							"SET search_path TO %1$s;"
							"CREATE TABLE IF NOT EXISTS migrations"
							" (version integer PRIMARY KEY, made timestamptz NOT NULL DEFAULT now());"
							"SELECT coalesce(max(version), 0) FROM migrations";

/* Of a session that was set up.  What a daemon that was stopped in the middle holds is given free. */
static const char session[] = "SET statement_timeout TO %1$d;"
							  "SET idle_in_transaction_session_timeout TO %1$d";

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
	fprintf(script.file, session, STATEMENT_MS);
	for (unsigned i = 0; i < plan->statement_count; i++)
		fprintf(script.file, "; PREPARE %s AS %s", plan->statements[i].name, plan->statements[i].sql);
	if (plan->channel)
		fprintf(script.file, "; LISTEN %s", plan->channel);
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

static void migrate_from(struct postgres *postgres, unsigned version)
{
	const struct postgres_plan *plan = postgres->plan;
	bool behind = version < plan->migration_count;
	struct script script;
	open_script(&script);
	for (; version < plan->migration_count; version++)
		fprintf(script.file, "%s; INSERT INTO migrations (version) VALUES (%u);", plan->migrations[version],
		        version + 1);
	fprintf(script.file, "COMMIT");
	push(postgres, &script, migrated);
	if (behind)
		loop_timer_set(&postgres->deadline, MIGRATION_MS);
}

static void found_version(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	struct postgres *postgres = arg;
	(void)sqlstate;
	if (!rows) {
		fail(postgres, error);
		return;
	}
	unsigned long version = strtoul(PQgetvalue(rows, 0, 0), NULL, 10);
	if (version <= postgres->plan->migration_count)
		migrate_from(postgres, (unsigned)version);
	else
		fail(postgres, "its tables were made by a newer version of this program");
}

void postgres_set_up(struct postgres *postgres)
{
	struct script script;
	open_script(&script);
	fprintf(script.file, begin, postgres->plan->schema);
	push(postgres, &script, found_version);
}
