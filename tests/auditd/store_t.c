/* What every store has to do, whatever its engine: see stores.h. */
#include "../../auditd/store.h"

#include <string.h>

#include "../tap/tap.h"
#include "records.h"
#include "stores.h"

#define DAY (RECORDS_TIME / RECORD_DAY_MS)

static const char key[] = "k7Qm2xA9bC", journal[] = "00112233445566ff";

static struct store *open_empty(void)
{
	stores_empty();
	return stores_open(records_directory(), journal);
}

/* Adds a record in a batch of its own. */
static void add(struct store *store, uint64_t seq, const struct audit_record *record)
{
	stores_begin(store);
	store_add(store, seq, record);
	stores_commit(store, &(struct store_cursor){{1, seq * 100}, seq});
}

static void test_tail(void)
{
	struct store *store = open_empty();
	for (unsigned i = 1; i <= 10; i++) {
		struct audit_record record = records_request(i);
		add(store, i, &record);
	}
	const struct stores_rows *rows = stores_tail(store, 7, 100);
	ok(rows->count == 3 && rows->rows[0].position == 8 && rows->rows[2].position == 10, "the records after position 7");
	ok(rows->rows[0].seq == 8 && strcmp(rows->rows[0].journal, journal) == 0, "which say where their lines are");
	rows = stores_tail(store, 0, 4);
	ok(rows->count == 4 && rows->rows[3].seq == 4, "at most as many as asked for");
	rows = stores_tail(store, 10, 100);
	is_int((long long)rows->count, 0, "none after the last");
	rows = stores_newest(store, 3, 100);
	ok(rows->count == 3 && rows->rows[0].seq == 8, "the last three");
	rows = stores_newest(store, 100, 100);
	ok(rows->count == 10 && rows->rows[0].seq == 1, "the last hundred, of which there are ten");
	rows = stores_newest(store, 8, 2);
	ok(rows->count == 2 && rows->rows[0].seq == 3, "the first two of the last eight");
	store_close(store);
}

static void is_same(const struct audit_record *got, const struct audit_record *wanted, const char *what)
{
	uint8_t left[4096], right[4096];
	struct wire_out a, b;
	wire_out_init(&a, left, sizeof(left));
	wire_out_init(&b, right, sizeof(right));
	audit_record_encode(&a, got);
	audit_record_encode(&b, wanted);
	is_bytes(left, a.length, right, b.length, "every member comes back: %s", what);
}

static void test_every_member(void)
{
	struct store *store = open_empty();
	struct audit_record record = records_request(9);
	record.estimated = true;
	strcpy(record.code, "upstream_error");
	strcpy(record.model, "'); DROP TABLE records; -- \\ \"\x01\t\x7f");
	strcpy(record.detail, "{\"name\":\"caf\xc3\xa9 \xf0\x9f\x98\x80\xe2\x80\xa8\"}");
	add(store, 1, &record);
	is_same(&stores_tail(store, 0, 1)->last, &record, "awkward text");
	record = records_full('x');
	add(store, 2, &record);
	is_same(&stores_tail(store, 1, 1)->last, &record, "the largest there may be");
	record = (struct audit_record){.kind = AUDIT_ADMIN};
	add(store, 3, &record);
	is_same(&stores_tail(store, 2, 1)->last, &record, "the smallest");
	store_close(store);
}

static void test_show(void)
{
	struct store *store = open_empty();
	struct audit_record record = records_request(1), other = records_request(2), none = records_request(3);
	memset(none.request_id, 0, sizeof(none.request_id));
	add(store, 1, &record);
	add(store, 2, &other);
	record.id[15]++;
	add(store, 3, &record);
	add(store, 4, &none);
	const struct stores_rows *rows = stores_show(store, record.request_id);
	ok(rows->count == 2 && rows->rows[0].seq == 1 && rows->rows[1].seq == 3, "all records of a request, and no others");
	is_int((long long)stores_show(store, none.request_id)->count, 0, "no request id finds nothing");
	store_close(store);
}

static void is_total(struct store *store, uint64_t since, unsigned requests, unsigned tokens, const char *what)
{
	struct usage_total total = stores_total(store, key, since);
	ok(total.requests == requests && total.tokens == tokens, "since %s: %u requests, %u tokens", what,
	   (unsigned)total.requests, (unsigned)total.tokens);
}

/* Three days, ten requests each, one token per request on the first, two on the second, three on the third. */
static void test_total(void)
{
	struct store *store = open_empty();
	uint64_t seq = 0;
	stores_begin(store);
	for (unsigned day = 0; day < 3; day++)
		for (unsigned i = 0; i < 10; i++) {
			struct audit_record record = records_request(day * 100 + i);
			record.time = (DAY + day) * RECORD_DAY_MS + i * 1000;
			record.tokens_in = day + 1;
			record.tokens_out = 0;
			store_add(store, ++seq, &record);
		}
	stores_commit(store, &(struct store_cursor){{1, 1}, seq});
	struct audit_record refusal = records_request(1000);
	refusal.kind = AUDIT_REFUSAL;
	add(store, ++seq, &refusal);
	struct audit_record other = records_request(1001);
	strcpy(other.key_id, "other");
	add(store, ++seq, &other);
	is_total(store, DAY * RECORD_DAY_MS, 30, 60, "the first day's beginning");
	is_total(store, (DAY + 1) * RECORD_DAY_MS, 20, 50, "the second day's beginning");
	is_total(store, (DAY + 1) * RECORD_DAY_MS + 4000, 16, 42, "a moment within the second day, that record included");
	is_total(store, (DAY + 1) * RECORD_DAY_MS + 4001, 15, 40, "a millisecond later, without it");
	is_total(store, (DAY + 9) * RECORD_DAY_MS, 0, 0, "a day to come");
	is_total(store, RECORD_TIME_MAX, 0, 0, "the last moment there is");
	store_close(store);
}

static void is_usage(struct store *store, enum store_by by, uint64_t skip, uint64_t limit, const char *wanted,
                     const char *what)
{
	struct store_period period = {DAY, DAY + 2, skip, limit};
	is_text(stores_usage(store, by, &period), wanted, "%s", what);
}

static void test_usage(void)
{
	struct store *store = open_empty();
	struct audit_record record = records_request(1);
	add(store, 1, &record);
	record.time += RECORD_DAY_MS;
	strcpy(record.key_name, "renamed");
	add(store, 2, &record);
	strcpy(record.model, "no-such-model");
	record.status = 404;
	record.tokens_in = record.tokens_out = 0;
	add(store, 3, &record);
	record.kind = AUDIT_REFUSAL;
	record.key_id[0] = record.key_name[0] = '\0';
	add(store, 4, &record);
	record.kind = AUDIT_ADMIN;
	add(store, 5, &record);
	record = records_request(6);
	record.time += 2 * RECORD_DAY_MS;
	add(store, 6, &record);
	is_usage(store, STORE_BY_KEY, 0, 9, "k7Qm2xA9bC/renamed 3+0 52>564\n/ 0+1 0>0\n",
	         "by key, under its newest name, the largest first");
	is_usage(store, STORE_BY_MODEL, 0, 9, "gpt-4o-mini/ 2+0 52>564\n/ 1+1 0>0\n",
	         "by model, those nobody serves together");
	is_usage(store, STORE_BY_DAY, 0, 9, "2026-10-05/ 1+0 26>282\n2026-10-06/ 2+1 26>282\n", "by day, in order");
	is_usage(store, STORE_BY_DAY, 1, 9, "2026-10-06/ 2+1 26>282\n", "leaving out the first row");
	is_usage(store, STORE_BY_DAY, 0, 1, "2026-10-05/ 1+0 26>282\n", "and no more than asked for");
	store_close(store);
}

static void test_batches(void)
{
	const char *directory = records_directory();
	stores_empty();
	struct store *store = stores_open(directory, journal);
	struct audit_record record = records_request(1);
	struct store_cursor cursor = stores_begin(store);
	ok(cursor.place.segment == 0 && cursor.seq == 0, "a new store stands before everything");
	store_add(store, 1, &record);
	store_close(store);
	store = stores_open(directory, journal);
	is_int((long long)stores_begin(store).seq, 0, "what was not committed");
	stores_commit(store, &cursor);
	is_int((long long)stores_tail(store, 0, 10)->count, 0, "is not there");
	add(store, 1, &record);
	store_close(store);
	store = stores_open(directory, journal);
	cursor = stores_begin(store);
	ok(cursor.place.segment == 1 && cursor.place.offset == 100 && cursor.seq == 1, "the cursor came with the rows");
	stores_commit(store, &cursor);
	is_int((long long)stores_tail(store, 0, 10)->count, 1, "which are there");
	store_close(store);
}

/* As many records as a batch takes, each as large as it may be. */
static void test_full_batch(void)
{
	struct store *store = open_empty();
	uint64_t seq = 0;
	bool room = true;
	stores_begin(store);
	while (room && seq < 1000) {
		struct audit_record record = records_full('\x01');
		record.time = RECORDS_TIME;
		room = store_add(store, ++seq, &record);
	}
	stores_commit(store, &(struct store_cursor){{1, 1}, seq});
	is_int((long long)stores_tail(store, 0, 4000)->count, (long long)seq, "a batch takes what it says that it takes");
	store_close(store);
}

int main(void)
{
	stores_prepare();
	test_tail();
	test_every_member();
	test_show();
	test_total();
	test_usage();
	test_batches();
	test_full_batch();
	return tap_done();
}
