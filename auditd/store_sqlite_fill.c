#include <sodium.h>
#include <stdio.h>

#include "store_sqlite.h"

enum { EXPIRE_ROWS = 200 }; /* removed at a time, so that nobody waits for long */

/* Values are bound one after the other, as the fields of a frame are put. */
struct binding {
	sqlite3_stmt *statement;
	int count;
};

static struct binding use(struct store_sqlite *store, enum store_sqlite_statement which)
{
	return (struct binding){.statement = store->statements[which]};
}

static void put_number(struct binding *to, uint64_t number)
{
	sqlite3_bind_int64(to->statement, ++to->count, (int64_t)number);
}

static void put_text(struct binding *to, const char *text)
{
	sqlite3_bind_text(to->statement, ++to->count, text, -1, SQLITE_TRANSIENT);
}

static void put_id(struct binding *to, const uint8_t *id)
{
	char text[RECORD_ID_HEX + 1];
	sodium_bin2hex(text, sizeof(text), id, RECORD_ID_SIZE);
	put_text(to, text);
}

static void put_request(struct binding *to, const uint8_t *request_id)
{
	char text[RECORD_REQUEST_TEXT + 1];
	record_json_request(request_id, text);
	put_text(to, text);
}

#define PUT_HEX(value) put_id(to, value)
#define PUT_KIND(value) put_text(to, record_json_kind(value))
#define PUT_TIME(value) put_number(to, value)
#define PUT_REQUEST(value) put_request(to, value)
#define PUT_TEXT(value) put_text(to, value)
#define PUT_U16(value) put_number(to, value)
#define PUT_U32(value) put_number(to, value)
#define PUT_U64(value) put_number(to, value)
#define PUT_BOOL(value) put_number(to, value)

static void put_members(struct binding *to, const struct audit_record *record)
{
#define X(type, member) PUT_##type(record->member);
	RECORD_MEMBERS(X)
#undef X
}

/* Runs a statement that yields no rows. */
static int run(struct store_sqlite *store, enum store_sqlite_statement which)
{
	int result = sqlite3_step(store->statements[which]);
	sqlite3_reset(store->statements[which]);
	return result == SQLITE_DONE ? 0 : -1;
}

/* --- a batch, which is a transaction --- */

static int get_cursor(struct store_sqlite *store, struct store_cursor *cursor)
{
	sqlite3_stmt *statement = store->statements[GET_CURSOR];
	int result = sqlite3_step(statement);
	if (result == SQLITE_ROW) {
		cursor->place.segment = (uint64_t)sqlite3_column_int64(statement, 0);
		cursor->place.offset = (uint64_t)sqlite3_column_int64(statement, 1);
		cursor->seq = (uint64_t)sqlite3_column_int64(statement, 2);
	}
	sqlite3_reset(statement);
	return result == SQLITE_ROW ? 0 : store_sqlite_fail(store, "read", store->error);
}

static int begin(struct store_sqlite *store, struct store_cursor *cursor)
{
	store->failed = false;
	if (store_sqlite_reconnect_if_gone(store, store->error) < 0)
		return -1;
	if (run(store, BEGIN) < 0)
		return store_sqlite_fail(store, "write to", store->error);
	return get_cursor(store, cursor);
}

void store_sqlite_begin(struct store *base, store_began *began, void *arg)
{
	struct store_sqlite *store = (struct store_sqlite *)base;
	struct store_cursor cursor;
	if (begin(store, &cursor) < 0)
		began(arg, NULL, store->error);
	else
		began(arg, &cursor, NULL);
}

void store_sqlite_begin_anew(struct store *base, const struct store_cursor *here, store_began *began, void *arg)
{
	struct store_sqlite *store = (struct store_sqlite *)base;
	(void)here;
	sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	if (store_sqlite_empty(store, store->error) < 0)
		began(arg, NULL, store->error);
	else
		store_sqlite_begin(base, began, arg);
}

/* Names of models that nobody serves would make a row each, for ever. */
static int count(struct store_sqlite *store, const struct audit_record *record)
{
	if (record->kind == AUDIT_ADMIN)
		return 0;
	struct binding row = use(store, COUNT);
	bool refused = record->kind == AUDIT_REFUSAL;
	put_text(&row, record->key_id);
	put_number(&row, record->time / RECORD_DAY_MS);
	put_text(&row, refused || record->status >= STORE_FAILED_STATUS ? "" : record->model);
	put_text(&row, record->key_name);
	put_number(&row, !refused);
	put_number(&row, refused);
	put_number(&row, refused ? 0 : record->tokens_in);
	put_number(&row, refused ? 0 : record->tokens_out);
	return run(store, COUNT);
}

bool store_sqlite_add(struct store *base, uint64_t seq, const struct audit_record *record)
{
	struct store_sqlite *store = (struct store_sqlite *)base;
	struct binding row = use(store, ADD);
	put_number(&row, seq);
	put_members(&row, record);
	store->failed = run(store, ADD) < 0 || count(store, record) < 0;
	if (store->failed)
		store_sqlite_fail(store, "write to", store->error);
	return !store->failed;
}

static int commit(struct store_sqlite *store, const struct store_cursor *cursor)
{
	struct binding row = use(store, SET_CURSOR);
	if (store->failed)
		return -1;
	put_number(&row, cursor->place.segment);
	put_number(&row, cursor->place.offset);
	put_number(&row, cursor->seq);
	if (run(store, SET_CURSOR) < 0 || run(store, COMMIT) < 0)
		return store_sqlite_fail(store, "write to", store->error);
	return 0;
}

void store_sqlite_commit(struct store *base, const struct store_cursor *cursor, store_done *done, void *arg)
{
	struct store_sqlite *store = (struct store_sqlite *)base;
	done(arg, commit(store, cursor) < 0 ? store->error : NULL);
}

/* --- expiry --- */

/* 1: there is more to give back, 0: no, -1. */
static int shrink(struct store_sqlite *store)
{
	static const char unused[] = "PRAGMA freelist_count";
	int64_t before = store_sqlite_number(store, unused);
	if (before == 0)
		return 0;
	if (sqlite3_exec(store->db, "PRAGMA incremental_vacuum(64)", NULL, NULL, NULL) != SQLITE_OK)
		return store_sqlite_fail(store, "shrink", store->error);
	int64_t after = store_sqlite_number(store, unused);
	return after > 0 && after < before;
}

static int expire(struct store_sqlite *store, const struct store_expiry *expiry)
{
	char script[512];
	if (store_sqlite_reconnect_if_gone(store, store->error) < 0)
		return -1;
	snprintf(script, sizeof(script),
	         "DELETE FROM usage WHERE day < %lld;"
	         "DELETE FROM records WHERE seq IN (SELECT seq FROM records WHERE seq < %lld ORDER BY seq LIMIT %d)",
	         (long long)expiry->usage_day, (long long)expiry->seq, EXPIRE_ROWS);
	if (sqlite3_exec(store->db, script, NULL, NULL, NULL) != SQLITE_OK)
		return store_sqlite_fail(store, "expire rows of", store->error);
	return sqlite3_changes(store->db) == EXPIRE_ROWS ? 1 : shrink(store);
}

void store_sqlite_expire(struct store *base, const struct store_expiry *expiry, store_expired *expired, void *arg)
{
	struct store_sqlite *store = (struct store_sqlite *)base;
	int result = expire(store, expiry);
	expired(arg, result > 0, result < 0 ? store->error : NULL);
}
