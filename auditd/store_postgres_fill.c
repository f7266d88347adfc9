#include <string.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "store_postgres.h"

static bool same(const struct store_cursor *a, const struct store_cursor *b)
{
	return a->place.segment == b->place.segment && a->place.offset == b->place.offset && a->seq == b->seq;
}

/* --- a batch --- */

static void put(struct wire_out *out, const char *text)
{
	wire_put_fixed(out, text, strlen(text));
}

void store_postgres_clear(struct store_postgres *store)
{
	store->count = 0;
	wire_out_init(&store->batch, store->bytes, sizeof(store->bytes));
	put(&store->batch, "[");
}

bool store_postgres_add(struct store *base, uint64_t seq, const struct audit_record *record)
{
	struct store_postgres *store = (struct store_postgres *)base;
	put(&store->batch, store->count > 0 ? "," : "");
	record_json_write(&store->batch, record, seq, NULL);
	store->count++;
	return store->count < STORE_POSTGRES_BATCH_RECORDS &&
	       store->batch.length + RECORD_LINE_MAX + sizeof(",]") <= store->batch.size;
}

static void answer_batch(struct store_postgres *store, const char *error)
{
	store_done *done = store->done;
	store->done = NULL;
	done(store->done_arg, error);
}

static void batch_added(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	struct store_postgres *store = arg;
	(void)sqlstate;
	store->knows_cursor = rows != NULL;
	store->cursor = store->next;
	answer_batch(store, rows ? NULL : store_postgres_failure(store, "write to", error));
}

static void send_batch(struct store_postgres *store)
{
	struct store_values values = {.count = 0};
	uint64_t today = loop_wall() / RECORD_DAY_MS, kept = store->store.retention;
	wire_put_fixed(&store->batch, "]", sizeof("]"));
	CHECK(store->batch.error == WIRE_OK);
	store_values_text(&values, store->number);
	store_postgres_cursor(&values, &store->cursor);
	store_postgres_cursor(&values, &store->next);
	store_values_number(&values, today > kept ? today - kept : 0);
	store_values_number(&values, today + STORE_POSTGRES_DAYS_AHEAD);
	store_values_text(&values, store->bytes);
	postgres_ask(store->postgres, "add_batch", values.count, values.texts, batch_added, store);
}

void store_postgres_commit(struct store *base, const struct store_cursor *cursor, store_done *done, void *arg)
{
	struct store_postgres *store = (struct store_postgres *)base;
	store->done = done;
	store->done_arg = arg;
	store->next = *cursor;
	if (same(cursor, &store->cursor))
		answer_batch(store, NULL);
	else
		send_batch(store);
}

/* --- days --- */

static void days_kept(void *arg, const PGresult *rows, const char *error, const char *sqlstate)
{
	struct store_postgres *store = arg;
	store_expired *expired = store->expired;
	(void)sqlstate;
	store->expired = NULL;
	if (rows)
		expired(store->expired_arg, postgres_value(rows, 0, 0)[0] == '1', NULL);
	else
		expired(store->expired_arg, false, store_postgres_failure(store, "expire days of", error));
}

void store_postgres_expire(struct store *base, const struct store_expiry *expiry, store_expired *expired, void *arg)
{
	struct store_postgres *store = (struct store_postgres *)base;
	struct store_values values = {.count = 0};
	store->expired = expired;
	store->expired_arg = arg;
	store_values_number(&values, expiry->records_day);
	store_values_number(&values, expiry->today);
	store_values_number(&values, expiry->today + STORE_POSTGRES_DAYS_AHEAD);
	store_values_number(&values, expiry->usage_day);
	postgres_ask(store->postgres, "keep_days", values.count, values.texts, days_kept, store);
}
