#include "../../auditd/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../proto/daemon/log.h"
#include "../tap/tap.h"
#include "records.h"

#define DAY (RECORDS_TIME / RECORD_DAY_MS)

static char error[STORE_ERROR_SIZE];

static struct store *open_store(const char *directory)
{
	struct store *store = store_open("sqlite:audit.db", directory, error);
	if (!store)
		printf("# %s\n", error);
	CHECK(store);
	return store;
}

/* Adds a record in a transaction of its own. */
static void add(struct store *store, uint64_t seq, const struct audit_record *record)
{
	struct store_cursor cursor;
	CHECK(store_begin(store, &cursor, error) == 0 && store_add(store, seq, record, error) == 0);
	cursor = (struct store_cursor){{1, seq * 100}, seq};
	CHECK(store_commit(store, &cursor, error) == 0);
}

struct seen_rows {
	size_t count, stop_after;
	uint64_t first, last;
	struct audit_record record; /* the last one */
};

static bool see(void *arg, uint64_t seq, const struct audit_record *record)
{
	struct seen_rows *rows = arg;
	if (rows->count++ == 0)
		rows->first = seq;
	rows->last = seq;
	rows->record = *record;
	return rows->count != rows->stop_after;
}

static struct seen_rows tail(struct store *store, uint64_t after, uint64_t limit, size_t stop_after)
{
	struct seen_rows rows = {.stop_after = stop_after};
	CHECK(store_tail(store, after, limit, see, &rows, error) == 0);
	return rows;
}

static void test_tail(void)
{
	struct store *store = open_store(records_directory());
	for (unsigned i = 1; i <= 10; i++) {
		struct audit_record record = records_request(i);
		add(store, i, &record);
	}
	struct seen_rows rows = tail(store, 7, 100, 0);
	ok(rows.count == 3 && rows.first == 8 && rows.last == 10, "the records after number 7");
	rows = tail(store, 0, 4, 0);
	ok(rows.count == 4 && rows.last == 4, "at most as many as asked for");
	rows = tail(store, 0, 100, 2);
	ok(rows.count == 2, "and no more than are taken");
	rows = tail(store, 10, 100, 0);
	is_int((long long)rows.count, 0, "none after the last");
	store_close(store);
}

static void test_every_member(void)
{
	uint8_t left[2048], right[2048];
	struct wire_out a, b;
	struct store *store = open_store(records_directory());
	struct audit_record record = records_request(9);
	record.estimated = true;
	strcpy(record.code, "upstream_error");
	strcpy(record.detail, "{\"name\":\"caf\xc3\xa9\"}");
	add(store, 1, &record);
	struct seen_rows rows = tail(store, 0, 1, 0);
	wire_out_init(&a, left, sizeof(left));
	wire_out_init(&b, right, sizeof(right));
	audit_record_encode(&a, &rows.record);
	audit_record_encode(&b, &record);
	is_bytes(left, a.length, right, b.length, "every member of a record comes back");
	store_close(store);
}

static void test_show(void)
{
	struct store *store = open_store(records_directory());
	struct audit_record record = records_request(1), other = records_request(2), none = records_request(3);
	struct seen_rows rows = {0};
	memset(none.request_id, 0, sizeof(none.request_id));
	add(store, 1, &record);
	add(store, 2, &other);
	record.id[15]++;
	add(store, 3, &record);
	add(store, 4, &none);
	CHECK(store_show(store, record.request_id, see, &rows, error) == 0);
	ok(rows.count == 2 && rows.first == 1 && rows.last == 3, "all records of a request, and no others");
	rows = (struct seen_rows){0};
	CHECK(store_show(store, none.request_id, see, &rows, error) == 0);
	is_int((long long)rows.count, 0, "no request id finds nothing");
	store_close(store);
}

static struct usage_total total(struct store *store, uint64_t since)
{
	struct usage_total total;
	CHECK(store_total(store, "k7Qm2xA9bC", since, &total, error) == 0);
	return total;
}

/* Three days, ten requests each, one token per request on the first, two on the second, three on the third. */
static void test_total(void)
{
	struct store *store = open_store(records_directory());
	uint64_t seq = 0;
	for (unsigned day = 0; day < 3; day++)
		for (unsigned i = 0; i < 10; i++) {
			struct audit_record record = records_request(day * 100 + i);
			record.time = (DAY + day) * RECORD_DAY_MS + i * 1000;
			record.tokens_in = day + 1;
			record.tokens_out = 0;
			add(store, ++seq, &record);
		}
	struct audit_record refusal = records_request(1000);
	refusal.kind = AUDIT_REFUSAL;
	add(store, ++seq, &refusal);
	struct audit_record other = records_request(1001);
	strcpy(other.key_id, "other");
	add(store, ++seq, &other);
	struct usage_total all = total(store, DAY * RECORD_DAY_MS);
	ok(all.requests == 30 && all.tokens == 60, "since the first day's beginning: all");
	all = total(store, (DAY + 1) * RECORD_DAY_MS);
	ok(all.requests == 20 && all.tokens == 50, "since the second day's beginning");
	all = total(store, (DAY + 1) * RECORD_DAY_MS + 4000);
	ok(all.requests == 16 && all.tokens == 42, "since a moment within the second day, that record included");
	all = total(store, (DAY + 1) * RECORD_DAY_MS + 4001);
	ok(all.requests == 15 && all.tokens == 40, "and a millisecond later, without it");
	all = total(store, (DAY + 9) * RECORD_DAY_MS);
	ok(all.requests == 0 && all.tokens == 0, "since a day to come: nothing");
	all = total(store, RECORD_TIME_MAX);
	ok(all.requests == 0 && all.tokens == 0, "since the last moment there is: nothing");
	store_close(store);
}

struct usage_rows {
	size_t count;
	char text[1024];
};

static bool see_usage(void *arg, const struct store_usage *usage)
{
	struct usage_rows *rows = arg;
	size_t length = strlen(rows->text);
	rows->count++;
	snprintf(rows->text + length, sizeof(rows->text) - length, "%s/%s %u+%u %u>%u\n", usage->label, usage->key_name,
	         (unsigned)usage->requests, (unsigned)usage->refusals, (unsigned)usage->tokens_in,
	         (unsigned)usage->tokens_out);
	return true;
}

static void is_usage(struct store *store, enum store_by by, uint64_t skip, const char *wanted, const char *what)
{
	struct usage_rows rows = {0};
	struct store_period period = {DAY, DAY + 2, skip};
	CHECK(store_usage(store, by, &period, see_usage, &rows, error) == 0);
	is_text(rows.text, wanted, "%s", what);
}

static void test_usage(void)
{
	struct store *store = open_store(records_directory());
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
	is_usage(store, STORE_BY_KEY, 0, "k7Qm2xA9bC/renamed 3+0 52>564\n/ 0+1 0>0\n",
	         "by key, under its newest name, the largest first");
	is_usage(store, STORE_BY_MODEL, 0, "gpt-4o-mini/ 2+0 52>564\n/ 1+1 0>0\n",
	         "by model, those nobody serves together");
	is_usage(store, STORE_BY_DAY, 0, "2026-10-05/ 1+0 26>282\n2026-10-06/ 2+1 26>282\n", "by day, in order");
	is_usage(store, STORE_BY_DAY, 1, "2026-10-06/ 2+1 26>282\n", "leaving out the first row");
	store_close(store);
}

static void test_transactions(void)
{
	const char *directory = records_directory();
	struct store *store = open_store(directory);
	struct audit_record record = records_request(1);
	struct store_cursor cursor;
	CHECK(store_begin(store, &cursor, error) == 0);
	ok(cursor.place.segment == 0 && cursor.seq == 0, "a new store stands before everything");
	CHECK(store_add(store, 1, &record, error) == 0);
	store_close(store);
	store = open_store(directory);
	is_int((long long)tail(store, 0, 10, 0).count, 0, "what was not committed is not there");
	add(store, 1, &record);
	store_close(store);
	store = open_store(directory);
	CHECK(store_begin(store, &cursor, error) == 0);
	ok(cursor.place.segment == 1 && cursor.place.offset == 100 && cursor.seq == 1, "the cursor came with the rows");
	CHECK(store_commit(store, &cursor, error) == 0);
	is_int((long long)tail(store, 0, 10, 0).count, 1, "which are there");
	CHECK(store_clear(store, error) == 0);
	is_int((long long)tail(store, 0, 10, 0).count, 0, "and can be forgotten");
	store_close(store);
}

static void test_deleted_under_us(void)
{
	const char *directory = records_directory();
	struct store *store = open_store(directory);
	struct audit_record record = records_request(1);
	struct store_cursor cursor;
	add(store, 1, &record);
	CHECK(unlink(records_path(directory, "audit.db")) == 0);
	CHECK(store_begin(store, &cursor, error) == 0);
	is_int((long long)cursor.seq, 0, "a store deleted under us is begun anew");
	CHECK(store_commit(store, &cursor, error) == 0);
	is_int(access(records_path(directory, "audit.db"), F_OK), 0, "in a file that is there");
	store_close(store);
}

static long size_of(const char *path)
{
	struct stat about;
	return stat(path, &about) == 0 ? (long)about.st_size : -1;
}

static void test_expire(void)
{
	const char *directory = records_directory();
	struct store *store = open_store(directory);
	struct store_cursor cursor;
	int result;
	unsigned slices = 0;
	CHECK(store_begin(store, &cursor, error) == 0);
	for (unsigned i = 1; i <= 2000; i++) {
		struct audit_record record = records_request(i);
		record.time += i > 1900 ? RECORD_DAY_MS : 0;
		CHECK(store_add(store, i, &record, error) == 0);
	}
	CHECK(store_commit(store, &cursor, error) == 0);
	store_close(store);
	long full = size_of(records_path(directory, "audit.db"));
	store = open_store(directory);
	while ((result = store_expire(store, 1901, DAY + 1, error)) > 0)
		slices++;
	is_int(result, 0, "old rows are removed");
	ok(slices >= 9, "in slices: there were %u", slices);
	struct seen_rows rows = tail(store, 0, 5000, 0);
	ok(rows.count == 100 && rows.first == 1901, "the young ones stay");
	is_int((long long)total(store, DAY * RECORD_DAY_MS).requests, 100, "and their usage");
	store_close(store);
	long small = size_of(records_path(directory, "audit.db"));
	ok(small < full / 4, "and the file shrinks: from %ld bytes to %ld", full, small);
}

static void test_urls(void)
{
	ok(!store_known("postgresql://localhost/x", error), "a scheme that is not there is refused");
	is_text(error, "no store of this kind: \"postgresql://localhost/x\"; it must be sqlite:FILE",
	        "with one clear line");
	ok(!store_known("sqlite:", error), "so is one without a file");
	ok(store_known("sqlite:audit.db", error), "one with a file is known");
	ok(!store_open("sqlite:/nonexistent/audit.db", "/tmp", error), "but may not be one that can be made");
	is_text(error, "cannot open /nonexistent/audit.db: No such file or directory", "says why");
	const char *directory = records_directory();
	FILE *file = fopen(records_path(directory, "audit.db"), "w");
	CHECK(file);
	for (int i = 0; i < 5000; i++)
		fputs("no database", file);
	fclose(file);
	ok(!store_open("sqlite:audit.db", directory, error), "a file that is no database is refused");
	is_text(error, "cannot open the store: file is not a database", "says so");
}

int main(void)
{
	log_init("store_t");
	test_tail();
	test_every_member();
	test_show();
	test_total();
	test_usage();
	test_transactions();
	test_deleted_under_us();
	test_expire();
	test_urls();
	return tap_done();
}
