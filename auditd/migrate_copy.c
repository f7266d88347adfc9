#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "migrate.h"

enum { PAGE = 500, TELL_US = 1000 * 1000 };

/* --- lines, a page at a time --- */

struct page {
	bool answered;
	size_t count;
	struct {
		uint64_t seq;
		uint8_t id[RECORD_ID_SIZE];
	} lines[PAGE];
};

static void take_page(void *arg, struct store_rows *rows, const char *error)
{
	struct page *page = arg;
	struct store_record record;
	if (!rows)
		fatalx("%s", error);
	for (page->count = 0; page->count < PAGE && store_next_record(rows, &record); page->count++) {
		page->lines[page->count].seq = record.seq;
		memcpy(page->lines[page->count].id, record.record.id, RECORD_ID_SIZE);
	}
	if (store_failure(rows))
		fatalx("%s", store_failure(rows));
	migrate_answer(&page->answered);
}

static void read_page(struct store *store, const struct migrate *migrate, uint64_t after, struct page *page)
{
	page->answered = false;
	store_lines(store, migrate->journal, after, PAGE, take_page, page);
	migrate_wait(&page->answered);
}

/* --- comparing --- */

/* The database's page begins where the file's does. */
static void compare_pages(const struct page *file, const struct page *database, uint64_t last,
                          struct migrate_counts *counts)
{
	size_t other = 0;
	for (size_t i = 0; i < file->count && file->lines[i].seq <= last; i++) {
		while (other < database->count && database->lines[other].seq < file->lines[i].seq)
			other++;
		if (other == database->count || database->lines[other].seq != file->lines[i].seq) {
			counts->absent++;
			continue;
		}
		if (memcmp(database->lines[other].id, file->lines[i].id, RECORD_ID_SIZE) != 0)
			fatalx("the database has another record than the file for line %" PRIu64 " of this journal",
			       file->lines[i].seq);
		if (counts->there++ == 0)
			counts->first = file->lines[i].seq;
	}
}

struct migrate_counts migrate_compare(const struct migrate *migrate, uint64_t last)
{
	static struct page file, database;
	struct migrate_counts counts = {0, 0, 0};
	uint64_t after = 0;
	do {
		read_page(migrate->from, migrate, after, &file);
		read_page(migrate->to, migrate, file.count > 0 ? file.lines[0].seq - 1 : after, &database);
		compare_pages(&file, &database, last, &counts);
		after = file.count > 0 ? file.lines[file.count - 1].seq : last;
	} while (after < last);
	return counts;
}

/* --- copying --- */

struct copy {
	const struct migrate *migrate;
	bool answered;
	struct store_cursor cursor; /* of the database */
	size_t added;
	uint64_t told; /* loop_micros() */
};

static void begun(void *arg, const struct store_cursor *cursor, const char *error)
{
	struct copy *copy = arg;
	if (error)
		fatalx("%s", error);
	copy->cursor = *cursor;
	migrate_answer(&copy->answered);
}

static void add_rows(void *arg, struct store_rows *rows, const char *error)
{
	struct copy *copy = arg;
	struct store_record record;
	bool room = true;
	if (!rows)
		fatalx("%s", error);
	for (copy->added = 0; room && store_next_record(rows, &record); copy->added++) {
		room = store_add(copy->migrate->to, record.seq, &record.record);
		copy->cursor.seq = record.seq;
	}
	if (store_failure(rows))
		fatalx("%s", store_failure(rows));
}

static void committed(void *arg, const char *error)
{
	struct copy *copy = arg;
	if (error)
		fatalx("%s", error);
	migrate_answer(&copy->answered);
}

static void begin(struct copy *copy)
{
	copy->answered = false;
	store_begin(copy->migrate->to, begun, copy);
	migrate_wait(&copy->answered);
}

static void commit(struct copy *copy)
{
	copy->answered = false;
	store_commit(copy->migrate->to, &copy->cursor, committed, copy);
	migrate_wait(&copy->answered);
}

/* Behind the last record there may be lines that could not be read. */
static void move_cursor(struct copy *copy)
{
	const struct store_cursor *have = &copy->migrate->have;
	if (copy->cursor.seq < have->seq)
		copy->cursor.seq = have->seq;
	if (segment_before(&copy->cursor.place, &have->place))
		copy->cursor.place = have->place;
}

static void tell(struct copy *copy)
{
	uint64_t now = loop_micros();
	if (now - copy->told < TELL_US || copy->cursor.seq >= copy->migrate->have.seq)
		return;
	copy->told = now;
	fprintf(stderr, "line %" PRIu64 " of %" PRIu64 "\n", copy->cursor.seq, copy->migrate->have.seq);
}

/* Until the last batch the cursor tells how many lines are in, not where the next one is: the follower would leave
 * out what is there. */
void migrate_copy(const struct migrate *migrate)
{
	struct copy copy = {.migrate = migrate, .told = loop_micros()};
	do {
		begin(&copy);
		copy.added = 0;
		if (copy.cursor.seq < migrate->have.seq)
			store_lines(migrate->from, migrate->journal, copy.cursor.seq, PAGE, add_rows, &copy);
		if (copy.added == 0)
			move_cursor(&copy);
		commit(&copy);
		tell(&copy);
	} while (copy.added > 0);
}
