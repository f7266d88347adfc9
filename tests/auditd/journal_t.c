#include "../../auditd/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../auditd/verify.h"
#include "../../proto/daemon/log.h"
#include "../tap/tap.h"
#include "records.h"

enum { BIG = 1 << 20 };

static void add(struct journal *journal, unsigned from, unsigned count)
{
	for (unsigned i = from; i < from + count; i++) {
		struct audit_record record = records_request(i);
		CHECK(journal_add(journal, &record) == JOURNAL_ADDED);
	}
}

/* The files' times are this day's, so records are written on it too. */
static int try_commit(struct journal *journal)
{
	return journal_commit(journal, (uint64_t)time(NULL) * 1000);
}

static void commit(struct journal *journal)
{
	CHECK(try_commit(journal) == 0);
}

/* A journal with so many records, closed. */
static const char *journal_of(unsigned count, uint64_t segment_size)
{
	const char *directory = records_directory();
	struct journal *journal = journal_open(directory, segment_size);
	for (unsigned i = 0; i < count; i++) {
		add(journal, i, 1);
		commit(journal);
	}
	journal_close(journal);
	return directory;
}

static void ignore_damage(void *arg, const char *file, uint64_t line, const char *text)
{
	(void)arg;
	(void)file;
	(void)line;
	(void)text;
}

static void keep_damage(void *arg, const char *file, uint64_t line, const char *text)
{
	char *kept = arg;
	if (*kept == '\0')
		snprintf(kept, 256, "%s:%u: %s", file, (unsigned)line, text);
}

static struct verify_report verify(const char *directory, char *first_damage)
{
	struct verify_report report;
	if (first_damage)
		*first_damage = '\0';
	CHECK(verify_journal(directory, &report, first_damage ? keep_damage : ignore_damage, first_damage) == 0);
	return report;
}

static size_t size_of(const char *path)
{
	struct stat about;
	return stat(path, &about) == 0 ? (size_t)about.st_size : 0;
}

static void test_append(void)
{
	const char *directory = records_directory();
	const char *path = records_path(directory, "0000000001.jsonl");
	struct journal *journal = journal_open(directory, BIG);
	struct audit_record again = records_request(1);
	is_int(access(path, F_OK), -1, "a new journal has no segment");
	add(journal, 0, 3);
	is_int((long long)journal_waiting(journal), 3, "three records wait");
	is_int((long long)size_of(path), 0, "and are not in the file");
	is_int(journal_add(journal, &again), JOURNAL_KNOWN, "one that waits is not added twice");
	commit(journal);
	is_int((long long)journal_waiting(journal), 0, "after the commit none waits");
	is_int((long long)journal_seq(journal), 3, "the last has number 3");
	is_int((long long)size_of(path), (long long)journal_end(journal).offset, "all bytes are in the file");
	is_int(journal_add(journal, &again), JOURNAL_KNOWN, "one that is committed is not added twice");
	journal_close(journal);
	struct verify_report report = verify(directory, NULL);
	is_int((long long)report.lines, 3, "three lines can be verified");
	is_int((long long)report.damaged, 0, "and are sound");
	is_text(report.first_time, "2026-10-05T12:34:56.789Z", "the first one's time");
	is_text(report.last_time, "2026-10-05T12:34:56.791Z", "the last one's time");
}

/* Edge reads the ids of leases, and proxyd's records have those. */
static void test_kinds_apart(void)
{
	const char *directory = records_directory();
	struct journal *journal = journal_open(directory, BIG);
	struct audit_record request = records_request(1), refusal = request;
	refusal.kind = AUDIT_REFUSAL;
	is_int(journal_add(journal, &refusal), JOURNAL_ADDED, "a refusal");
	is_int(journal_add(journal, &request), JOURNAL_ADDED, "does not stand in for the request of the same id");
	commit(journal);
	journal_close(journal);
	journal = journal_open(directory, BIG);
	is_int(journal_add(journal, &refusal), JOURNAL_KNOWN, "after a restart the refusal is known");
	is_int(journal_add(journal, &request), JOURNAL_KNOWN, "and the request");
	request.kind = AUDIT_ADMIN;
	is_int(journal_add(journal, &request), JOURNAL_ADDED, "but nothing of a third kind");
	journal_close(journal);
}

static void test_reopen(void)
{
	const char *directory = journal_of(3, BIG);
	struct journal *journal = journal_open(directory, BIG);
	struct audit_record again = records_request(2);
	is_int((long long)journal_seq(journal), 3, "opened again, the number goes on");
	is_int(journal_add(journal, &again), JOURNAL_KNOWN, "a record of the former run is known");
	add(journal, 10, 2);
	commit(journal);
	journal_close(journal);
	struct verify_report report = verify(directory, NULL);
	ok(report.lines == 5 && report.damaged == 0, "the chain goes on over the restart");
	is_int(access(records_path(directory, "0000000002.jsonl"), F_OK), -1, "in the same segment");
}

static void test_torn(size_t cut)
{
	const char *directory = journal_of(3, BIG);
	const char *path = records_path(directory, "0000000001.jsonl");
	char damage[256];
	size_t whole = size_of(path);
	/* A crash in the middle of a write: the line is there in part, and nobody was told that it is there. */
	struct journal *journal = journal_open(directory, BIG);
	add(journal, 3, 1);
	char *head;
	size_t length;
	CHECK((head = records_read(records_path(directory, "head"), &length)));
	commit(journal);
	journal_close(journal);
	records_write(records_path(directory, "head"), 0, head, length);
	free(head);
	CHECK(cut < size_of(path) - whole && truncate(path, (off_t)(whole + cut)) == 0);
	struct verify_report report = verify(directory, damage);
	ok(report.damaged == 0 && report.unfinished == cut, "a torn line of %zu bytes is no damage", cut);
	journal = journal_open(directory, BIG);
	is_int((long long)journal_seq(journal), 3, "it is cut off");
	is_int((long long)size_of(path), (long long)whole, "in the file too");
	add(journal, 3, 1);
	commit(journal);
	journal_close(journal);
	report = verify(directory, NULL);
	ok(report.lines == 4 && report.damaged == 0, "and its record can be written again");
}

static void test_rotation_by_size(void)
{
	const char *directory = journal_of(40, 4096);
	struct segment_list list;
	int fd = open(directory, O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0 && segment_list(fd, &list) == 0);
	ok(list.count > 4, "segments of 4096 bytes: there are %zu", list.count);
	is_int((long long)list.numbers[0], 1, "they are numbered from 1");
	is_int((long long)list.numbers[list.count - 1], (long long)list.count, "without gaps");
	struct verify_report report = verify(directory, NULL);
	ok(report.lines == 40 && report.damaged == 0, "the chain goes on over all of them");
	struct journal *journal = journal_open(directory, 4096);
	struct audit_record again = records_request(0);
	is_int(journal_add(journal, &again), JOURNAL_KNOWN, "the first record is still known");
	journal_close(journal);
	close(fd);
	free(list.numbers);
}

static void test_rotation_by_day(void)
{
	const char *directory = records_directory();
	struct journal *journal = journal_open(directory, BIG);
	uint64_t evening = (RECORDS_TIME / RECORD_DAY_MS + 1) * RECORD_DAY_MS - 1;
	add(journal, 0, 1);
	CHECK(journal_commit(journal, evening - 1000) == 0);
	add(journal, 1, 1);
	CHECK(journal_commit(journal, evening) == 0);
	is_int((long long)journal_end(journal).segment, 1, "records of one day share a segment");
	add(journal, 2, 1);
	CHECK(journal_commit(journal, evening + 1) == 0);
	is_int((long long)journal_end(journal).segment, 2, "the next day begins one");
	journal_close(journal);
}

/* Days before RECORDS_TIME at which a segment was last written. */
static void age(const char *directory, const char *name, uint64_t days)
{
	struct timespec times[2] = {{.tv_sec = (time_t)(RECORDS_TIME / 1000 - days * 86400)}};
	times[1] = times[0];
	CHECK(utimensat(AT_FDCWD, records_path(directory, name), times, 0) == 0);
}

static void test_expiry(void)
{
	const char *directory = journal_of(40, 4096);
	struct journal *journal = journal_open(directory, 4096);
	age(directory, "0000000001.jsonl", 40);
	age(directory, "0000000002.jsonl", 35);
	age(directory, "0000000003.jsonl", 10);
	age(directory, "0000000004.jsonl", 50);
	uint64_t oldest = RECORDS_TIME - UINT64_C(30) * RECORD_DAY_MS;
	is_int(journal_expire(journal, oldest), 2, "segments go from the oldest on, up to the first young one");
	ok(journal_oldest(journal) > 8, "the oldest line is number %u", (unsigned)journal_oldest(journal));
	struct verify_report report = verify(directory, NULL);
	ok(report.damaged == 0 && report.first_seq == journal_oldest(journal), "the rest of the chain can be verified");
	is_int(journal_expire(journal, UINT64_MAX), (int)journal_end(journal).segment - 3, "the current one never goes");
	report = verify(directory, NULL);
	is_int((long long)report.damaged, 0, "and it can be verified alone");
	journal_close(journal);
}

static void test_full(void)
{
	const char *directory = records_directory();
	struct journal *journal = journal_open(directory, BIG);
	enum journal_added added = JOURNAL_ADDED;
	unsigned count = 0;
	while (added == JOURNAL_ADDED) {
		struct audit_record record = records_full('\x01');
		memcpy(record.id, &count, sizeof(count));
		added = journal_add(journal, &record);
		count += added == JOURNAL_ADDED;
	}
	is_int(added, JOURNAL_FULL, "memory for what waits is bounded");
	ok(count > JOURNAL_PENDING_MAX / RECORD_LINE_MAX, "at %u of the largest records", count);
	commit(journal);
	struct verify_report report = verify(directory, NULL);
	ok(report.lines == count && report.damaged == 0, "all of them are written");
	add(journal, 0x10000000, 1);
	commit(journal);
	is_int((long long)journal_seq(journal), (long long)count + 1, "and there is room again");
	journal_close(journal);
}

/* The limit on a file's size stands in for a full disk: part of the write succeeds.  It holds for this test's own
 * output as well, so nothing is said meanwhile. */
static void test_disk_full(void)
{
	const char *directory = journal_of(1, BIG);
	const char *path = records_path(directory, "0000000001.jsonl");
	size_t before = size_of(path);
	struct rlimit limit;
	struct journal *journal = journal_open(directory, BIG);
	CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
	signal(SIGXFSZ, SIG_IGN);
	CHECK(setrlimit(RLIMIT_FSIZE, &(struct rlimit){before + 700, limit.rlim_max}) == 0);
	add(journal, 1, 5);
	int first = try_commit(journal);
	size_t between = size_of(path);
	add(journal, 6, 1);
	int second = try_commit(journal);
	uint64_t seq = journal_seq(journal);
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	is_int(first, -1, "a commit that does not fit fails");
	is_int((long long)between, (long long)before, "and leaves nothing behind");
	is_int(second, -1, "again, with more records");
	is_int((long long)seq, 1, "none counts as written");
	is_int(try_commit(journal), 0, "it succeeds when there is room");
	journal_close(journal);
	struct verify_report report = verify(directory, NULL);
	ok(report.lines == 7 && report.damaged == 0, "nothing is lost or doubled");
}

static void test_lock(void)
{
	const char *directory = records_directory();
	struct journal *journal = journal_open(directory, BIG);
	int status;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		CHECK(freopen("/dev/null", "w", stderr));
		journal_open(directory, BIG);
		_exit(0);
	}
	waitpid(child, &status, 0);
	is_int(WEXITSTATUS(status), EXIT_ENVIRONMENT, "a second writer of the same journal ends");
	journal_close(journal);
}

/* Lines that were acknowledged and are gone must not be papered over by the next start. */
static void test_loss_stays_visible(void)
{
	char damage[256];
	const char *directory = journal_of(5, BIG);
	const char *path = records_path(directory, "0000000001.jsonl");
	CHECK(truncate(path, (off_t)(size_of(path) / 5 * 3)) == 0);
	struct verify_report report = verify(directory, damage);
	ok(report.damaged > 0, "lines missing at the end are found: %s", damage);
	struct journal *journal = journal_open(directory, BIG);
	is_int((long long)journal_seq(journal), 5, "the number goes on where head says");
	add(journal, 100, 2);
	commit(journal);
	journal_close(journal);
	report = verify(directory, damage);
	ok(report.damaged > 0, "after a restart the gap is still found: %s", damage);
	is_int((long long)report.end.seq, 7, "and what came after it is there");
}

int main(void)
{
	log_init("journal_t");
	log_level_set(LOG_LEVEL_ERROR);
	test_append();
	test_kinds_apart();
	test_reopen();
	test_torn(1);
	test_torn(300);
	test_torn(500);
	test_rotation_by_size();
	test_rotation_by_day();
	test_expiry();
	test_full();
	test_disk_full();
	test_lock();
	test_loss_stays_visible();
	return tap_done();
}
