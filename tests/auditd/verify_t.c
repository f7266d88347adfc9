/* Whatever is done to a journal's bytes, verification finds it. */
#include "../../auditd/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../auditd/journal.h"
#include "../../proto/daemon/log.h"
#include "../tap/tap.h"
#include "records.h"

enum { LINES = 6 };

static char first_damage[256];

static void keep_damage(void *arg, const char *file, uint64_t line, const char *text)
{
	(void)arg;
	if (first_damage[0] == '\0')
		snprintf(first_damage, sizeof(first_damage), "%s:%u: %s", file, (unsigned)line, text);
}

static struct verify_report verify(const char *directory)
{
	struct verify_report report;
	first_damage[0] = '\0';
	CHECK(verify_journal(directory, &report, keep_damage, NULL) == 0);
	return report;
}

static const char *journal_of(unsigned count, uint64_t segment_size)
{
	const char *directory = records_directory();
	struct journal *journal = journal_open(directory, segment_size);
	for (unsigned i = 0; i < count; i++) {
		struct audit_record record = records_request(i);
		CHECK(journal_add(journal, &record) == JOURNAL_ADDED && journal_commit(journal, RECORDS_TIME) == 0);
	}
	journal_close(journal);
	return directory;
}

static void test_every_byte(const char *directory, const char *name)
{
	static const char flips[] = {0x01, 0x20, (char)0x80};
	size_t length, unseen = 0;
	const char *path = records_path(directory, name);
	char *bytes = records_read(path, &length);
	CHECK(bytes);
	for (size_t i = 0; i < length * sizeof(flips); i++) {
		size_t at = i / sizeof(flips);
		char flipped = (char)(bytes[at] ^ flips[i % sizeof(flips)]);
		records_write(path, (long)at, &flipped, 1);
		if (verify(directory).damaged == 0 && unseen++ == 0)
			printf("# unseen: byte %zu of %s\n", at, name);
		records_write(path, (long)at, &bytes[at], 1);
	}
	is_int((long long)unseen, 0, "a change to any of the %zu bytes of %s is found", length, name);
	is_int((long long)verify(directory).damaged, 0, "and with the bytes restored all is sound");
	free(bytes);
}

/* The lines of a journal of one segment. */
struct lines {
	char path[256];
	char *bytes;
	const char *line[LINES + 1]; /* the last one is the end */
};

static struct lines read_lines(const char *directory)
{
	struct lines lines;
	size_t length;
	snprintf(lines.path, sizeof(lines.path), "%s/0000000001.jsonl", directory);
	lines.bytes = records_read(lines.path, &length);
	CHECK(lines.bytes);
	lines.line[0] = lines.bytes;
	for (size_t i = 0; i < LINES; i++)
		lines.line[i + 1] = (const char *)memchr(lines.line[i], '\n', length) + 1;
	return lines;
}

/* Writes the lines in the order given, -1 leaving one out. */
static void write_lines(const struct lines *lines, const int order[LINES])
{
	FILE *file = fopen(lines->path, "wb");
	CHECK(file);
	for (size_t i = 0; i < LINES; i++)
		if (order[i] >= 0)
			fwrite(lines->line[order[i]], 1, (size_t)(lines->line[order[i] + 1] - lines->line[order[i]]), file);
	CHECK(fclose(file) == 0);
}

static void test_lines(const char *directory)
{
	struct lines lines = read_lines(directory);
	for (int gone = 0; gone < LINES; gone++) {
		int order[LINES];
		for (int i = 0; i < LINES; i++)
			order[i] = i == gone ? -1 : i;
		write_lines(&lines, order);
		ok(verify(directory).damaged > 0, "line %d deleted: %s", gone + 1, first_damage);
	}
	for (int moved = 0; moved + 1 < LINES; moved++) {
		int order[LINES] = {0, 1, 2, 3, 4, 5};
		order[moved] = moved + 1;
		order[moved + 1] = moved;
		write_lines(&lines, order);
		ok(verify(directory).damaged > 0, "lines %d and %d exchanged: %s", moved + 1, moved + 2, first_damage);
	}
	write_lines(&lines, (int[LINES]){0, 1, 2, 3, 3, 4});
	ok(verify(directory).damaged > 0, "a line doubled: %s", first_damage);
	write_lines(&lines, (int[LINES]){-1, -1, -1, -1, -1, -1});
	ok(verify(directory).damaged > 0, "all lines deleted: %s", first_damage);
	write_lines(&lines, (int[LINES]){0, 1, 2, 3, 4, 5});
	is_int((long long)verify(directory).damaged, 0, "restored, all is sound");
	free(lines.bytes);
}

static void test_truncation(const char *directory)
{
	size_t length, unseen = 0;
	const char *path = records_path(directory, "0000000001.jsonl");
	char *bytes = records_read(path, &length);
	CHECK(bytes);
	for (size_t size = 0; size < length; size++) {
		CHECK(truncate(path, (off_t)size) == 0);
		unseen += verify(directory).damaged == 0;
	}
	FILE *file = fopen(path, "wb");
	CHECK(file && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
	is_int((long long)unseen, 0, "cut off at any of its %zu bytes, it is found", length);
	free(bytes);
}

static void test_segments(void)
{
	const char *directory = journal_of(40, 4096);
	is_int((long long)verify(directory).damaged, 0, "several segments are sound");
	CHECK(rename(records_path(directory, "0000000003.jsonl"), records_path(directory, "away")) == 0);
	ok(verify(directory).damaged > 0, "one in the middle is gone: %s", first_damage);
	CHECK(rename(records_path(directory, "0000000002.jsonl"), records_path(directory, "0000000003.jsonl")) == 0);
	CHECK(rename(records_path(directory, "away"), records_path(directory, "0000000002.jsonl")) == 0);
	ok(verify(directory).damaged > 0, "two exchanged: %s", first_damage);
	directory = journal_of(3, 4096);
	CHECK(unlink(records_path(directory, "head")) == 0);
	ok(verify(directory).damaged > 0, "head is gone: %s", first_damage);
}

/* What older segments held nobody can say any more; before line 1 there was nothing. */
static void test_line_0(void)
{
	const char *directory = journal_of(40, 4096), *path = records_path(directory, "0000000002.jsonl");
	char line[RECORD_LINE_MAX], hash[RECORD_HASH_HEX + 1];
	struct audit_record record = records_request(41);
	struct wire_out out;
	size_t length;
	CHECK(unlink(records_path(directory, "0000000001.jsonl")) == 0);
	is_int((long long)verify(directory).damaged, 0, "the oldest segment was dropped");
	record_json_hash("", 0, hash);
	wire_out_init(&out, line, sizeof(line));
	record_json_write(&out, &record, 0, hash);
	wire_put_fixed(&out, "\n", 1);
	char *bytes = records_read(path, &length);
	CHECK(bytes);
	records_write(path, 0, line, out.length);
	records_write(path, (long)out.length, bytes, length);
	ok(verify(directory).damaged > 0, "a line 0 in front of the next: %s", first_damage);
	free(bytes);
}

static void test_line_of_report(void)
{
	const char *directory = journal_of(LINES, 1 << 20);
	struct lines lines = read_lines(directory);
	long at = strstr(lines.line[2], "gpt-4o") - lines.bytes;
	records_write(lines.path, at, "GPT", 3);
	verify(directory);
	is_text(first_damage,
	        "0000000001.jsonl:4: prev is not the hash of the line before: that line was altered, or lines are missing",
	        "the report names file and line");
	free(lines.bytes);
}

static void test_long_line(void)
{
	const char *directory = journal_of(2, 1 << 20);
	FILE *file = fopen(records_path(directory, "0000000001.jsonl"), "ab");
	CHECK(file);
	for (int i = 0; i < 200000; i++)
		fputc('x', file);
	CHECK(fclose(file) == 0);
	ok(verify(directory).damaged > 0, "bytes without end are no record: %s", first_damage);
}

static void test_empty(void)
{
	struct verify_report report = verify(records_directory());
	ok(report.lines == 0 && report.damaged == 0, "an empty directory holds nothing and nothing wrong");
	is_int(verify_journal("/nonexistent", &report, keep_damage, NULL), -1, "one that is not there cannot be read");
}

int main(void)
{
	log_init("verify_t");
	const char *directory = journal_of(LINES, 1 << 20);
	test_every_byte(directory, "0000000001.jsonl");
	test_every_byte(directory, "head");
	test_lines(directory);
	test_truncation(directory);
	test_segments();
	test_line_0();
	test_line_of_report();
	test_long_line();
	test_empty();
	return tap_done();
}
