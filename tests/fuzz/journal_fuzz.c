/*
 * A segment of the journal, whatever became of it: every byte belongs to one line, and a line that is a record is
 * written again as one that says the same.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../auditd/record_json.h"
#include "../../auditd/segment.h"
#include "fuzz.h"

static void judge_line(const char *line, size_t length)
{
	static uint8_t once[RECORD_LINE_MAX], twice[RECORD_LINE_MAX];
	struct audit_record record, again;
	struct record_chain chain;
	struct wire_out out, same;
	uint64_t seq, seq_again;

	if (!record_json_read(line, length, &record, &seq))
		return;
	bool in_chain = record_json_chain(line, length, &chain);
	assert(!in_chain || chain.seq == seq);
	const char *prev = in_chain ? chain.prev : NULL;
	wire_out_init(&out, once, sizeof(once));
	record_json_write(&out, &record, seq, prev);
	wire_put_fixed(&out, (const uint8_t *)"\n", 1);
	assert(out.error == WIRE_OK);
	assert(record_json_read((const char *)once, out.length, &again, &seq_again) && seq_again == seq);
	wire_out_init(&same, twice, sizeof(twice));
	record_json_write(&same, &again, seq, prev);
	wire_put_fixed(&same, (const uint8_t *)"\n", 1);
	assert(same.length == out.length && memcmp(once, twice, out.length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct segment_reader reader;
	static int file = -1;
	enum segment_result result;
	const char *line;
	size_t length, lines = 0;
	struct segment_head head;

	if (file < 0)
		file = memfd_create("segment", MFD_CLOEXEC);
	assert(file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
	segment_head_read(file, &head);
	segment_reader_start(&reader, file, 0);
	while ((result = segment_next(&reader, &line, &length)) != SEGMENT_END && result != SEGMENT_FAILED) {
		lines++;
		assert(lines <= size);
		if (result == SEGMENT_LINE)
			judge_line(line, length);
		if (result == SEGMENT_TORN)
			break;
	}
	assert(result != SEGMENT_FAILED);
	return 0;
}
