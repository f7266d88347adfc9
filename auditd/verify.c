#include "verify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct verify {
	struct verify_report *report;
	verify_damage *damage;
	void *arg;
	struct segment_head head;
	char file[SEGMENT_NAME_SIZE]; /* being read */
	uint64_t line;                /* in it */
	uint64_t segment;             /* its number */
	bool last;                    /* it is the last one */
	char final[RECORD_LINE_MAX];  /* the last line so far */
	size_t final_length;
};

static struct segment_reader reader;

static void damaged(struct verify *verify, const char *text)
{
	verify->report->damaged++;
	verify->damage(verify->arg, verify->file, verify->line, text);
}

static void check_first(struct verify *verify, const struct record_chain *chain)
{
	verify->report->first_seq = chain->seq;
	if (verify->segment != 1)
		return;
	if (chain->seq != 1)
		damaged(verify, "the first line has another seq than 1");
	if (strspn(chain->prev, "0") != RECORD_HASH_HEX)
		damaged(verify, "the first line names a line before it");
}

static void check_next(struct verify *verify, const struct record_chain *chain)
{
	char text[64];
	const struct segment_head *before = &verify->report->end;
	snprintf(text, sizeof(text), "seq %" PRIu64 " follows %" PRIu64, chain->seq, before->seq);
	if (chain->seq != before->seq + 1)
		damaged(verify, text);
	if (strcmp(chain->prev, before->hash) != 0)
		damaged(verify, "prev is not the hash of the line before: that line was altered, or lines are missing");
}

static void read_time(struct verify *verify, const char *line, size_t length, char text[RECORD_TIME_TEXT + 1])
{
	struct audit_record record;
	uint64_t seq;
	if (record_json_read(line, length, &record, &seq))
		record_json_time(record.time, text);
	else
		damaged(verify, "not a record");
}

static void check_line(struct verify *verify, const char *line, size_t length)
{
	struct record_chain chain;
	struct verify_report *report = verify->report;
	report->lines++;
	if (!record_json_chain(line, length, &chain)) {
		damaged(verify, "does not begin as a record does");
		return;
	}
	if (report->first_seq == 0) {
		check_first(verify, &chain);
		read_time(verify, line, length, report->first_time);
	} else
		check_next(verify, &chain);
	memcpy(verify->final, line, length);
	verify->final_length = length;
	report->end.seq = chain.seq;
	record_json_hash(line, length, report->end.hash);
	if (chain.seq == verify->head.seq && strcmp(report->end.hash, verify->head.hash) != 0)
		damaged(verify, "not the line that head names: it was altered");
}

static void check_rest(struct verify *verify, uint64_t bytes)
{
	verify->line++;
	if (verify->last)
		verify->report->unfinished = bytes;
	else
		damaged(verify, "ends in the middle of a line");
}

static int check_segment(struct verify *verify, int directory, uint64_t segment)
{
	const char *line;
	size_t length;
	enum segment_result result;
	segment_name(segment, verify->file);
	verify->segment = segment;
	verify->line = 0;
	int fd = segment_open(directory, segment);
	if (fd < 0)
		return -1;
	segment_reader_start(&reader, fd, 0);
	while ((result = segment_next(&reader, &line, &length)) == SEGMENT_LINE || result == SEGMENT_LONG) {
		verify->line++;
		if (result == SEGMENT_LINE)
			check_line(verify, line, length);
		else
			damaged(verify, "longer than any record");
	}
	if (result == SEGMENT_TORN)
		check_rest(verify, length);
	close(fd);
	return result == SEGMENT_FAILED ? -1 : 0;
}

static void check_gap(struct verify *verify, uint64_t before, uint64_t segment)
{
	segment_name(before + 1, verify->file);
	verify->line = 0;
	if (segment != before + 1)
		damaged(verify, "missing, though a later segment is there");
}

static int check_segments(struct verify *verify, int directory)
{
	struct segment_list list;
	int result = 0;
	if (segment_list(directory, &list) < 0)
		return -1;
	for (size_t i = 0; i < list.count && result == 0; i++) {
		verify->last = i + 1 == list.count;
		if (i > 0)
			check_gap(verify, list.numbers[i - 1], list.numbers[i]);
		result = check_segment(verify, directory, list.numbers[i]);
	}
	free(list.numbers);
	return result;
}

/* Read before the segments, so that a line written meanwhile is one more than it names, not one less. */
static int read_head(struct verify *verify, int directory)
{
	int fd = openat(directory, "head", O_RDONLY | O_CLOEXEC);
	int result = fd < 0 ? -1 : segment_head_read(fd, &verify->head);
	if (fd >= 0)
		close(fd);
	if (result < 0 && errno != ENOENT && errno != EILSEQ)
		return -1;
	snprintf(verify->file, sizeof(verify->file), "head");
	verify->line = 0;
	if (result < 0 && errno == EILSEQ)
		damaged(verify, "not what auditd writes there");
	return 0;
}

static void check_end(struct verify *verify)
{
	char text[128];
	struct verify_report *report = verify->report;
	snprintf(text, sizeof(text),
	         "names seq %" PRIu64 ", but the journal ends at %" PRIu64 ": lines are missing at the end",
	         verify->head.seq, report->end.seq);
	if (report->first_seq != 0)
		read_time(verify, verify->final, verify->final_length, report->last_time);
	snprintf(verify->file, sizeof(verify->file), "head");
	verify->line = 0;
	if (report->first_seq != 0 && verify->head.seq < report->first_seq)
		damaged(verify, "names no line of the journal: nothing vouches for the last one");
	if (verify->head.seq > report->end.seq)
		damaged(verify, text);
}

int verify_journal(const char *directory, struct verify_report *report, verify_damage *damage, void *arg)
{
	static struct verify verify;
	verify = (struct verify){.report = report, .damage = damage, .arg = arg};
	memset(report, 0, sizeof(*report));
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || sodium_init() < 0)
		return -1;
	int result = read_head(&verify, fd);
	if (result == 0)
		result = check_segments(&verify, fd);
	if (result == 0)
		check_end(&verify);
	close(fd);
	return result;
}
