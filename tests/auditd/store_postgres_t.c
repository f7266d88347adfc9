/* What only a store that hosts share has to do; stores_t.py runs it on a PostgreSQL. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../auditd/store.h"
#include "../../proto/daemon/log.h"
#include "../tap/tap.h"
#include "records.h"
#include "stores.h"

static const char key[] = "k7Qm2xA9bC", one[] = "1111111111111111", other[] = "2222222222222222";

static uint64_t today(void)
{
	return (uint64_t)time(NULL) / (RECORD_DAY_MS / 1000);
}

/* Adds so many records of a time, from `seq` on, and returns the next number. */
static uint64_t add(struct store *store, uint64_t seq, unsigned count, uint64_t ms)
{
	stores_begin(store);
	for (unsigned i = 0; i < count; i++, seq++) {
		struct audit_record record = records_request((unsigned)seq);
		record.time = ms;
		store_add(store, seq, &record);
	}
	stores_commit(store, &(struct store_cursor){{1, seq}, seq - 1});
	return seq;
}

/* Whether there is a partition for the day that is so many days from today. */
static bool has_day(int from_today)
{
	char sql[128];
	snprintf(
		sql, sizeof(sql),
		"SELECT to_regclass('records_' || to_char((now() AT TIME ZONE 'UTC')::date + %d, 'YYYY_MM_DD')) IS NOT NULL",
		from_today);
	return strcmp(stores_sql(sql), "t") == 0;
}

static void expire(struct store *store, uint64_t day)
{
	while (stores_expire(store, day, 0)) {
	}
}

static struct store *open_up(const char *journal)
{
	struct store *store = stores_open("/", journal);
	stores_begin(store);
	return store;
}

static struct store *open_empty(const char *journal)
{
	stores_empty();
	return open_up(journal);
}

static void test_days(void)
{
	enum { RETENTION = 3650 };
	struct store *store = open_empty(one);
	uint64_t now = today(), seq = 1;
	expire(store, now);
	ok(has_day(0) && has_day(1) && has_day(2) && has_day(3), "there are partitions for today and three days more");
	ok(!has_day(4), "and none beyond");
	seq = add(store, seq, 5, (now - 9) * RECORD_DAY_MS);
	seq = add(store, seq, 7, (now - 8) * RECORD_DAY_MS);
	ok(has_day(-9) && has_day(-8) && !has_day(-7), "a day long ago has one once it has records");
	seq = add(store, seq, 1, 1);
	is_text(stores_sql("SELECT (now() AT TIME ZONE 'UTC')::date - min(day) FROM records"), "3650",
	        "older than there may be days: filed under the oldest");
	add(store, seq, 1, RECORD_TIME_MAX);
	is_text(stores_sql("SELECT max(day) - (now() AT TIME ZONE 'UTC')::date FROM records"), "3",
	        "newer: under the newest");
	expire(store, now + RETENTION - 9);
	is_int((long long)stores_tail(store, 0, 100)->count, 13, "a day that is old enough goes");
	ok(has_day(-9), "but not a day too early");
	expire(store, now + RETENTION - 8);
	is_int((long long)stores_tail(store, 0, 100)->count, 8, "and then with all its records");
	ok(!has_day(-9) && has_day(-8), "because its partition was dropped");
	is_int((long long)stores_total(store, key, 0).requests, 8, "usage goes with its day");
	is_int((long long)stores_newest(store, 9, 100)->count, 8, "positions go on as they were");
	store_close(store);
}

static void test_two_journals(void)
{
	struct store *here = open_empty(one), *there = open_up(other);
	uint64_t ms = today() * RECORD_DAY_MS;
	add(here, 1, 3, ms);
	add(there, 1, 4, ms);
	add(here, 4, 2, ms);
	const struct stores_rows *rows = stores_tail(here, 0, 100);
	is_int((long long)rows->count, 9, "two journals are in one store");
	bool dense = true;
	for (size_t i = 0; i < rows->count; i++)
		dense = dense && rows->rows[i].position == i + 1;
	ok(dense, "in one order, without gaps");
	ok(strcmp(rows->rows[3].journal, other) == 0 && rows->rows[3].seq == 1 && strcmp(rows->rows[7].journal, one) == 0 &&
	       rows->rows[7].seq == 4,
	   "that of commits, and each record says where its line is");
	is_int((long long)stores_total(there, key, ms).requests, 9, "usage is that of all");
	is_int((long long)stores_begin(here).seq, 5, "each journal has a cursor of its own");
	store_close(here);
	store_close(there);
	here = open_up(one);
	is_int((long long)stores_begin(here).seq, 5, "which is there again after a restart");
	store_close(here);
}

static bool answered;
static char failure[STORE_ERROR_SIZE];

static void note_failure(void *arg, const char *error)
{
	(void)arg;
	snprintf(failure, sizeof(failure), "%s", error ? error : "");
	stores_answer(&answered);
}

static const char *commit(struct store *store, const struct store_cursor *cursor)
{
	answered = false;
	store_commit(store, cursor, note_failure, NULL);
	stores_wait(&answered);
	return failure;
}

/* The same batch twice, as after an answer that was lost; and two who believe to be the same. */
static void test_never_twice(void)
{
	struct store *store = open_empty(one), *twin = open_up(one);
	struct audit_record record = records_request(1);
	store_add(store, 1, &record);
	store_add(twin, 1, &record);
	is_text(commit(store, &(struct store_cursor){{1, 10}, 1}), "", "a batch is committed");
	is_text(commit(twin, &(struct store_cursor){{1, 10}, 1}),
	        "cannot write to the store: another session has followed this journal meanwhile",
	        "but not once more from the same place");
	is_int((long long)stores_begin(twin).seq, 1, "whoever failed learns how far the store is");
	is_int((long long)stores_total(store, key, 0).requests, 1, "and nothing was counted twice");
	store_close(store);
	store_close(twin);
}

/* A journal that was put back to an earlier state. */
static void test_put_back(void)
{
	struct store *store = open_empty(one);
	add(store, 1, 9, RECORDS_TIME);
	stores_begin(store);
	struct store_cursor cursor = stores_begin_anew(store, &(struct store_cursor){{1, 5}, 5});
	ok(cursor.place.offset == 5 && cursor.seq == 5, "a journal that was put back goes on from where it was");
	struct audit_record record = records_request(106);
	store_add(store, 6, &record);
	stores_commit(store, &(struct store_cursor){{1, 6}, 6});
	is_int((long long)stores_tail(store, 0, 100)->count, 10, "and its new line 6 stands beside the former one");
	store_close(store);
	store = open_up(one);
	is_int((long long)stores_begin(store).seq, 6, "also after a restart");
	store_close(store);
}

/* The statement cannot be carried out: nothing of it is there, and it can be tried again. */
static void test_refused(void)
{
	struct store *store = open_empty(one);
	struct audit_record record = records_request(1);
	stores_begin(store);
	store_add(store, 1, &record);
	stores_sql("ALTER TABLE usage RENAME TO mislaid");
	is_text(commit(store, &(struct store_cursor){{1, 10}, 1}),
	        "cannot write to the store: relation \"usage\" does not exist", "a batch that fails says why");
	stores_sql("ALTER TABLE mislaid RENAME TO usage");
	is_int((long long)stores_begin(store).seq, 0, "and left nothing");
	store_add(store, 1, &record);
	is_text(commit(store, &(struct store_cursor){{1, 10}, 1}), "", "so that it can be sent again");
	is_int((long long)stores_tail(store, 0, 100)->rows[0].position, 1, "with the position it would have had");
	store_close(store);
}

int main(void)
{
	log_init("store_postgres_t");
	if (!stores_are_shared()) {
		puts("1..0 # SKIP stores_t.py runs this on a PostgreSQL");
		return 0;
	}
	stores_prepare();
	test_days();
	test_two_journals();
	test_never_twice();
	test_put_back();
	test_refused();
	return tap_done();
}
