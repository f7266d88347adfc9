#include <inttypes.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "../proto/daemon/log.h"
#include "migrate.h"
#include "store_postgres.h"

/* Sums less what the records give that the database has or will have. */
static const char older_usage[] =
	"SELECT key_id, strftime('%Y-%m-%d', day * 86400, 'unixepoch'), model, key_name,"
	" requests - ifnull(own.own_requests, 0), refusals - ifnull(own.own_refusals, 0),"
	" tokens_in - ifnull(own.own_in, 0), tokens_out - ifnull(own.own_out, 0)"
	" FROM usage LEFT JOIN ("
	"SELECT key_id, time / 86400000 AS day, iif(kind = 'request' AND status < 400, model, '') AS model,"
	" sum(kind = 'request') AS own_requests, sum(kind = 'refusal') AS own_refusals,"
	" sum(iif(kind = 'request', tokens_in, 0)) AS own_in, sum(iif(kind = 'request', tokens_out, 0)) AS own_out"
	" FROM records WHERE kind != 'admin' AND seq >= ?1 GROUP BY 1, 2, 3) AS own USING (key_id, day, model)"
	" WHERE (requests, refusals, tokens_in, tokens_out)"
	" != (ifnull(own.own_requests, 0), ifnull(own.own_refusals, 0), ifnull(own.own_in, 0), ifnull(own.own_out, 0))";

static const char *text(sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);
	return text ? text : "";
}

static json_t *usage_of(sqlite3_stmt *row)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I}", "key_id", text(row, 0), "day", text(row, 1), "model",
	                 text(row, 2), "key_name", text(row, 3), "requests", (json_int_t)sqlite3_column_int64(row, 4),
	                 "refusals", (json_int_t)sqlite3_column_int64(row, 5), "tokens_in",
	                 (json_int_t)sqlite3_column_int64(row, 6), "tokens_out", (json_int_t)sqlite3_column_int64(row, 7));
}

static json_t *read_usage(const char *file, uint64_t first)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *row = NULL;
	json_t *usage = json_array();
	int result;
	if (sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, older_usage, -1, &row, NULL) != SQLITE_OK)
		fatalx("cannot read %s: %s", file, sqlite3_errmsg(db));
	sqlite3_bind_int64(row, 1, (sqlite3_int64)first);
	while ((result = sqlite3_step(row)) == SQLITE_ROW)
		json_array_append_new(usage, usage_of(row));
	if (result != SQLITE_DONE)
		fatalx("cannot read %s: %s", file, sqlite3_errmsg(db));
	sqlite3_finalize(row);
	sqlite3_close(db);
	return usage;
}

struct sent {
	bool answered;
	size_t added;
};

static void added(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	struct sent *sent = arg;
	(void)sqlstate;
	if (!rows)
		fatalx("cannot write usage to the database: %s", error);
	sent->added = strtoul(PQcmdTuples((PGresult *)rows), NULL, 10);
	migrate_answer(&sent->answered);
}

size_t migrate_usage(const struct migrate *migrate, uint64_t first)
{
	struct store_postgres *to = (struct store_postgres *)migrate->to;
	struct sent sent = {false, 0};
	json_t *usage = read_usage(migrate->file, first);
	char *json = json_dumps(usage, JSON_COMPACT);
	const char *values[] = {to->number, json};
	CHECK(json != NULL);
	postgres_ask(to->postgres, "add_older_usage", 2, values, added, &sent);
	migrate_wait(&sent.answered);
	free(json);
	json_decref(usage);
	return sent.added;
}
