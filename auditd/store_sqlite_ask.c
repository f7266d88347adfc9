#include <stdio.h>

#include "store_sqlite.h"

/* The journal's id is bound behind the last value there can be. */
enum { JOURNAL = STORE_VALUES_MAX + 1 };
_Static_assert(JOURNAL == 11, "the number in RECORDS");

#define RECORDS "SELECT seq, ?11, seq" STORE_SQLITE_MEMBERS " FROM records "
/* Not SUM(), which refuses what has more than 63 bits: that is for one untrue record to say, not for all to suffer. */
#define SUM(what) "CAST(MIN(TOTAL(" what "), 9007199254740991) AS INTEGER)"
#define SUMS SUM("requests") ", " SUM("refusals") ", " SUM("tokens_in") ", " SUM("tokens_out")
#define PERIOD "FROM usage WHERE day >= CAST(?1 AS INTEGER) AND day < CAST(?2 AS INTEGER) "
#define PAGE "LIMIT ?4 OFFSET ?3"
#define MOST_FIRST "ORDER BY TOTAL(tokens_in) + TOTAL(tokens_out) DESC, TOTAL(requests) DESC, 1 " PAGE

static const char *const sql[STORE_QUESTIONS] = {
	[STORE_TAIL] = RECORDS "WHERE seq > CAST(?1 AS INTEGER) ORDER BY seq LIMIT ?2",
	[STORE_NEWEST] = RECORDS "WHERE seq > (SELECT seq FROM cursor) - CAST(?1 AS INTEGER) ORDER BY seq LIMIT ?2",
	[STORE_SHOW] = RECORDS "WHERE request_id = ?1 AND request_id != '' ORDER BY seq LIMIT ?2",
	[STORE_LINES] = RECORDS "WHERE ?1 = ?11 AND seq > CAST(?2 AS INTEGER) ORDER BY seq LIMIT ?3",
	[STORE_TOTAL] = "SELECT " SUM("tokens") ", " SUM(
		"requests") " FROM ("
					"SELECT tokens_in + tokens_out AS tokens, requests FROM usage"
					" WHERE key_id = ?1 AND day >= CAST(?3 AS INTEGER)"
					" UNION ALL SELECT tokens_in + tokens_out, 1 FROM records"
					" WHERE kind = 'request' AND key_id = ?1 AND time >= CAST(?2 AS INTEGER)"
					" AND time < CAST(?4 AS INTEGER))",
	/* With one MAX() SQLite takes the bare column from the row that has it: the newest name. */
	[STORE_USAGE_KEY] = "SELECT key_id, key_name, " SUMS ", MAX(day) " PERIOD "GROUP BY key_id " MOST_FIRST,
	[STORE_USAGE_MODEL] = "SELECT model, '', " SUMS " " PERIOD "GROUP BY model " MOST_FIRST,
	[STORE_USAGE_DAY] =
		"SELECT strftime('%Y-%m-%d', day * 86400, 'unixepoch'), '', " SUMS " " PERIOD "GROUP BY day ORDER BY day " PAGE,
};

struct sqlite_rows {
	struct store_rows rows;
	sqlite3_stmt *statement;
	struct store_sqlite *store;
};

static bool next(struct store_rows *rows)
{
	struct sqlite_rows *own = (struct sqlite_rows *)rows;
	int result = sqlite3_step(own->statement);
	if (result != SQLITE_ROW && result != SQLITE_DONE) {
		store_sqlite_fail(own->store, "read", own->store->error);
		rows->failure = own->store->error;
	}
	return result == SQLITE_ROW;
}

static const char *text(const struct store_rows *rows, int column)
{
	const struct sqlite_rows *own = (const struct sqlite_rows *)rows;
	const char *text = (const char *)sqlite3_column_text(own->statement, column);
	return text ? text : "";
}

/* Asked seldom: not worth keeping prepared. */
void store_sqlite_ask(struct store *base, enum store_question question, const struct store_values *values,
                      store_answer *answer, void *arg)
{
	struct store_sqlite *store = (struct store_sqlite *)base;
	struct sqlite_rows rows = {.rows = {.next = next, .text = text}, .store = store};
	if (sqlite3_prepare_v2(store->db, sql[question], -1, &rows.statement, NULL) != SQLITE_OK) {
		store_sqlite_fail(store, "read", store->error);
		answer(arg, NULL, store->error);
		return;
	}
	for (unsigned i = 0; i < values->count; i++)
		sqlite3_bind_text(rows.statement, (int)i + 1, values->texts[i], -1, SQLITE_STATIC);
	sqlite3_bind_text(rows.statement, JOURNAL, store->journal, -1, SQLITE_STATIC);
	answer(arg, &rows.rows, NULL);
	sqlite3_finalize(rows.statement);
}
