/*
 * Speaks with a PostgreSQL through proto/daemon/postgres.h, for postgres_t.py:
 * usage: postgres-dialog URL PASSWORD_FILE MIGRATIONS [deaf].  Lines in: "run SQL",
 * "put TEXT" (a prepared statement), "copy ROWS" (of such lines, \n for a
 * newline), "close".  Lines out: "up", "down REASON", "notified", and "rows
 * N FIRST" or "error STATE REASON" for each query.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../../proto/daemon/log.h"
#include "../../proto/daemon/loop.h"
#include "../../proto/daemon/postgres.h"
#include "../../proto/daemon/resolver.h"

enum { LINE_MAX_BYTES = 1 << 20 };

static struct postgres *postgres;

static void up(void *arg)
{
	(void)arg;
	puts("up");
}

static void down(void *arg, const char *reason)
{
	(void)arg;
	printf("down %s\n", reason);
}

static void notified(void *arg)
{
	(void)arg;
	puts("notified");
}

static void answered(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	(void)arg;
	if (rows)
		printf("rows %d %s\n", PQntuples(rows), PQntuples(rows) > 0 ? PQgetvalue(rows, 0, 0) : "");
	else
		printf("error %s %s\n", *sqlstate ? sqlstate : "lost", error);
}

/* The rest of a line, with every \n in it made a newline. */
static void copy_in(const char *text)
{
	static char rows[LINE_MAX_BYTES];
	size_t length = 0;
	while (*text) {
		bool newline = text[0] == '\\' && text[1] == 'n';
		rows[length++] = *text;
		if (newline)
			rows[length - 1] = '\n';
		text += newline ? 2 : 1;
	}
	postgres_copy(postgres, "COPY things (name) FROM STDIN", rows, length, answered, NULL);
}

static void obey(char *line)
{
	const char *value = line + 4;
	if (strncmp(line, "run ", 4) == 0)
		postgres_run(postgres, line + 4, answered, NULL);
	else if (strncmp(line, "put ", 4) == 0)
		postgres_ask(postgres, "put", 1, &value, answered, NULL);
	else if (strncmp(line, "copy ", 5) == 0)
		copy_in(line + 5);
	else
		loop_stop();
}

static void heard(void *arg, uint32_t events)
{
	static char line[LINE_MAX_BYTES];
	(void)arg;
	(void)events;
	if (!fgets(line, sizeof(line), stdin)) {
		loop_stop();
		return;
	}
	line[strcspn(line, "\n")] = '\0';
	obey(line);
}

int main(int argc, char **argv)
{
	static const char *const migrations[] = {
		"CREATE TABLE things (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE)",
		"ALTER TABLE things ADD COLUMN seen boolean NOT NULL DEFAULT false",
	};
	static const struct postgres_statement statements[] = {
		{"put", "INSERT INTO things (name) VALUES ($1) RETURNING id"},
	};
	static struct postgres_plan plan = {.program = "postgres-dialog",
	                                    .schema = "heimgate_auth",
	                                    .migrations = migrations,
	                                    .statements = statements,
	                                    .statement_count = 1,
	                                    .channel = "heimgate_test",
	                                    .up = up,
	                                    .down = down,
	                                    .notified = notified};
	static struct loop_watch input = {STDIN_FILENO, heard, NULL};
	char error[POSTGRES_ERROR_SIZE];
	log_init("dialog");
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	CHECK(argc == 4 || argc == 5);
	if (!postgres_url_judge(argv[1], error))
		fatal_usage("%s", error);
	plan.migration_count = (unsigned)strtoul(argv[3], NULL, 10);
	if (argc == 5) {
		plan.channel = NULL;
		plan.notified = NULL;
	}
	loop_open();
	resolver_open();
	postgres = postgres_open(argv[1], argv[2], &plan, NULL);
	CHECK(loop_watch(&input, EPOLLIN) == 0);
	loop_run();
	postgres_close(postgres);
	return 0;
}
