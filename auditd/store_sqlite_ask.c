#include <string.h>

#include "store_sqlite.h"

#define RECORDS "SELECT " STORE_SQLITE_COLUMNS " FROM records "
#define SUMS "SUM(requests), SUM(refusals), SUM(tokens_in), SUM(tokens_out)"
#define PERIOD "FROM usage WHERE day >= ?1 AND day < ?2 "
#define MOST_FIRST "ORDER BY SUM(tokens_in) + SUM(tokens_out) DESC, SUM(requests) DESC, 1 LIMIT -1 OFFSET ?3"

static const char *const usage_sql[STORE_BY_LAST + 1] = {
	/* With one MAX() SQLite takes the bare column from the row that has it: the newest name. */
	[STORE_BY_KEY] = "SELECT key_id, key_name, " SUMS ", MAX(day) " PERIOD "GROUP BY key_id " MOST_FIRST,
	[STORE_BY_MODEL] = "SELECT model, '', " SUMS " " PERIOD "GROUP BY model " MOST_FIRST,
	[STORE_BY_DAY] = "SELECT strftime('%Y-%m-%d', day * 86400, 'unixepoch'), '', " SUMS " " PERIOD
					 "GROUP BY day ORDER BY day LIMIT -1 OFFSET ?3",
};

/* Asked seldom: not worth keeping prepared.  False and the error when it cannot be asked. */
static bool ask(struct store *store, struct row *row, const char *question, char *error)
{
	*row = (struct row){.statement = NULL};
	if (sqlite3_prepare_v2(store->db, question, -1, &row->statement, NULL) == SQLITE_OK)
		return true;
	store_sqlite_fail(store, "read", error);
	return false;
}

static bool next(struct row *row, int *result)
{
	row->column = 0;
	*result = sqlite3_step(row->statement);
	return *result == SQLITE_ROW;
}

static int finish(struct store *store, struct row *row, int result, char *error)
{
	bool good = result == SQLITE_DONE || result == SQLITE_ROW;
	if (!good)
		store_sqlite_fail(store, "read", error);
	sqlite3_finalize(row->statement);
	return good ? 0 : -1;
}

static int visit_records(struct store *store, struct row *row, store_visit *visit, void *arg, char *error)
{
	int result;
	bool more = true;
	while (more && next(row, &result)) {
		struct audit_record record;
		uint64_t seq = row_get_number(row);
		row_get_record(row, &record);
		more = visit(arg, seq, &record);
	}
	return finish(store, row, result, error);
}

int store_tail(struct store *store, uint64_t seq, uint64_t limit, store_visit *visit, void *arg, char *error)
{
	struct row row;
	if (!ask(store, &row, RECORDS "WHERE seq > ? ORDER BY seq LIMIT ?", error))
		return -1;
	row_put_number(&row, seq);
	row_put_number(&row, limit);
	return visit_records(store, &row, visit, arg, error);
}

int store_show(struct store *store, const uint8_t *request_id, store_visit *visit, void *arg, char *error)
{
	struct row row;
	char text[RECORD_REQUEST_TEXT + 1];
	if (!ask(store, &row, RECORDS "WHERE request_id = ? AND request_id != '' ORDER BY seq", error))
		return -1;
	record_json_request(request_id, text);
	row_put_text(&row, text);
	return visit_records(store, &row, visit, arg, error);
}

static int add_total(struct store *store, struct row *row, struct usage_total *total, char *error)
{
	int result;
	if (next(row, &result)) {
		total->tokens += row_get_number(row);
		total->requests += row_get_number(row);
	}
	return finish(store, row, result, error);
}

/* Whole days from their sums, and the rest of the first one from its records. */
int store_total(struct store *store, const char *key_id, uint64_t since, struct usage_total *total, char *error)
{
	struct row days, rest;
	uint64_t first_day = since / RECORD_DAY_MS + (since % RECORD_DAY_MS != 0);
	*total = (struct usage_total){0, 0};
	if (!ask(store, &days, "SELECT SUM(tokens_in + tokens_out), SUM(requests) FROM usage WHERE key_id = ? AND day >= ?",
	         error))
		return -1;
	row_put_text(&days, key_id);
	row_put_number(&days, first_day);
	if (add_total(store, &days, total, error) < 0)
		return -1;
	if (!ask(store, &rest,
	         "SELECT SUM(tokens_in + tokens_out), COUNT(*) FROM records"
	         " WHERE kind = 'request' AND key_id = ? AND time >= ? AND time < ?",
	         error))
		return -1;
	row_put_text(&rest, key_id);
	row_put_number(&rest, since);
	row_put_number(&rest, first_day * RECORD_DAY_MS);
	return add_total(store, &rest, total, error);
}

int store_usage(struct store *store, enum store_by by, const struct store_period *period, store_visit_usage *visit,
                void *arg, char *error)
{
	struct row row;
	int result;
	bool more = true;
	if (!ask(store, &row, usage_sql[by], error))
		return -1;
	row_put_number(&row, period->since);
	row_put_number(&row, period->until);
	row_put_number(&row, period->skip);
	while (more && next(&row, &result)) {
		struct store_usage usage;
		usage.label = row_get_text(&row);
		usage.key_name = row_get_text(&row);
		usage.requests = row_get_number(&row);
		usage.refusals = row_get_number(&row);
		usage.tokens_in = row_get_number(&row);
		usage.tokens_out = row_get_number(&row);
		more = visit(arg, &usage);
	}
	return finish(store, &row, result, error);
}
