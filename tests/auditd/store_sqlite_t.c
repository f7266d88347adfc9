/* What only a store in a file has to do. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../auditd/store.h"
#include "../../proto/daemon/log.h"
#include "../tap/tap.h"
#include "records.h"
#include "stores.h"

#define DAY (RECORDS_TIME / RECORD_DAY_MS)

enum { MONTH = 31 };

static char error[STORE_ERROR_SIZE];

static struct store *open_for(const char *directory, uint64_t retention)
{
	const struct store_conf conf = {
		.url = "sqlite:audit.db", .directory = directory, .journal = "0", .retention = retention};
	return store_open(&conf, error);
}

static void test_deleted_under_us(void)
{
	const char *directory = records_directory();
	struct store *store = open_for(directory, 1);
	struct audit_record record = records_request(1);
	stores_begin(store);
	store_add(store, 1, &record);
	stores_commit(store, &(struct store_cursor){{1, 100}, 1});
	CHECK(unlink(records_path(directory, "audit.db")) == 0);
	struct store_cursor cursor = stores_begin(store);
	is_int((long long)cursor.seq, 0, "a store deleted under us is begun anew");
	stores_commit(store, &cursor);
	is_int(access(records_path(directory, "audit.db"), F_OK), 0, "in a file that is there");
	store_close(store);
}

static void test_another_journal(void)
{
	struct store *store = open_for(records_directory(), 1);
	struct audit_record record = records_request(1);
	stores_begin(store);
	store_add(store, 1, &record);
	stores_commit(store, &(struct store_cursor){{9, 100}, 1});
	stores_begin(store);
	struct store_cursor cursor = stores_begin_anew(store, &(struct store_cursor){{1, 1}, 1});
	ok(cursor.place.segment == 0 && cursor.seq == 0, "after another journal it begins anew");
	stores_commit(store, &cursor);
	is_int((long long)stores_tail(store, 0, 10)->count, 0, "with nothing in it");
	store_close(store);
}

static long size_of(const char *path)
{
	struct stat about;
	return stat(path, &about) == 0 ? (long)about.st_size : -1;
}

/* Some on the first day, and a few two days later. */
static void fill(struct store *store)
{
	stores_begin(store);
	for (unsigned i = 1; i <= 2000; i++) {
		struct audit_record record = records_request(i);
		record.time += i > 1900 ? RECORD_DAY_MS : 0;
		store_add(store, i, &record);
	}
	stores_commit(store, &(struct store_cursor){{1, 1}, 2000});
}

static void test_expire(void)
{
	const char *directory = records_directory();
	struct store *store = open_for(directory, 1);
	unsigned slices = 0;
	fill(store);
	store_close(store);
	long full = size_of(records_path(directory, "audit.db"));
	store = open_for(directory, 1);
	while (stores_expire(store, DAY + MONTH, 1901))
		slices++;
	ok(slices >= 9, "old rows are removed in slices: there were %u", slices);
	const struct stores_rows *rows = stores_tail(store, 0, 4000);
	ok(rows->count == 100 && rows->rows[0].seq == 1901, "the young ones stay");
	is_int((long long)stores_total(store, "k7Qm2xA9bC", 0).requests, 2000, "usage of a month stays");
	while (stores_expire(store, DAY + MONTH + 1, 1901)) {
	}
	is_int((long long)stores_total(store, "k7Qm2xA9bC", 0).requests, 100, "and goes after it");
	store_close(store);
	long small = size_of(records_path(directory, "audit.db"));
	ok(small < full / 4, "the file shrinks: from %ld bytes to %ld", full, small);
}

static void test_urls(void)
{
	ok(!store_judge("mysql://localhost/x", error), "a scheme that is not there is refused");
	is_text(error, "no store of this kind: it must be sqlite:FILE or postgresql://USER@HOST/DATABASE",
	        "with one clear line");
	ok(!store_judge("sqlite:", error), "so is one without a file");
	ok(!store_judge("postgresql://audit:secret@db/audit", error), "so is a password in a URL");
	ok(store_judge("sqlite:audit.db", error) && !store_is_remote("sqlite:audit.db"), "one with a file is known");
	ok(store_judge("postgresql://a@db/audit", error) && store_is_remote("postgresql://a@db/audit"),
	   "one of PostgreSQL is known, and elsewhere");
	const struct store_conf nowhere = {
		.url = "sqlite:/nonexistent/audit.db", .directory = "/tmp", .journal = "0", .retention = 1};
	ok(!store_open(&nowhere, error), "a file may not be one that can be made");
	is_text(error, "cannot open /nonexistent/audit.db: No such file or directory", "says why");
	const char *directory = records_directory();
	FILE *file = fopen(records_path(directory, "audit.db"), "w");
	CHECK(file);
	for (int i = 0; i < 5000; i++)
		fputs("no database", file);
	fclose(file);
	ok(!open_for(directory, 1), "a file that is no database is refused");
	is_text(error, "cannot open the store: file is not a database", "says so");
}

int main(void)
{
	log_init("store_sqlite_t");
	test_deleted_under_us();
	test_another_journal();
	test_expire();
	test_urls();
	return tap_done();
}
