#include "replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../proto/daemon/log.h"

static struct segment_reader reader;

bool replay_first(int directory, uint64_t segment, uint64_t *seq)
{
	struct record_chain chain;
	const char *line;
	size_t length;
	int fd = segment_open(directory, segment);
	if (fd < 0)
		return false;
	segment_reader_start(&reader, fd, 0);
	bool found = segment_next(&reader, &line, &length) == SEGMENT_LINE && record_json_chain(line, length, &chain);
	close(fd);
	if (found)
		*seq = chain.seq;
	return found;
}

/* Index of the segment to begin at so that SEEN_MAX records are read. */
static size_t begin_at(int directory, const struct segment_list *list, uint64_t last)
{
	for (size_t i = list->count; i-- > 0;) {
		uint64_t first;
		if (!replay_first(directory, list->numbers[i], &first))
			continue;
		if (last < first)
			last = first;
		if (last - first >= SEEN_MAX)
			return i;
	}
	return 0;
}

/* What was read of one segment. */
struct pass {
	uint64_t end;               /* offset behind the last good line */
	char line[RECORD_LINE_MAX]; /* that line */
	size_t length;              /* 0: none */
	uint64_t seq;
	unsigned damaged; /* lines that were not good */
};

static void pass_line(struct pass *pass, struct seen *seen, const char *line, size_t length)
{
	struct record_chain chain;
	if (!record_json_chain(line, length, &chain)) {
		pass->damaged++;
		return;
	}
	if (!seen_has(seen, chain.kind, chain.id))
		seen_add(seen, chain.kind, chain.id);
	memcpy(pass->line, line, length);
	pass->length = length;
	pass->seq = chain.seq;
	pass->end = reader.next;
}

static int pass_segment(int directory, uint64_t segment, struct seen *seen, struct pass *pass)
{
	const char *line;
	size_t length;
	enum segment_result result;
	pass->end = pass->length = pass->damaged = 0;
	int fd = segment_open(directory, segment);
	if (fd < 0)
		return -1;
	segment_reader_start(&reader, fd, 0);
	do {
		result = segment_next(&reader, &line, &length);
		if (result == SEGMENT_LINE)
			pass_line(pass, seen, line, length);
	} while (result == SEGMENT_LINE || result == SEGMENT_LONG);
	close(fd);
	return result == SEGMENT_FAILED ? -1 : 0;
}

static void note(struct replay *replay, uint64_t segment, const struct pass *pass)
{
	if (pass->damaged > 0)
		log_warn("journal-damaged", "segment=%" PRIu64 " lines=%u", segment, pass->damaged);
	if (pass->length > 0) {
		replay->tail.seq = pass->seq;
		record_json_hash(pass->line, pass->length, replay->tail.hash);
	}
	replay->segment = segment;
	replay->size = pass->end;
	replay->torn = reader.next + (reader.end - reader.start) - pass->end;
}

int replay_journal(int directory, const struct segment_head *head, struct seen *seen, struct replay *replay)
{
	static struct pass pass;
	struct segment_list list;
	int result = 0;
	*replay = (struct replay){.segment = 0};
	memset(replay->tail.hash, '0', RECORD_HASH_HEX);
	if (segment_list(directory, &list) < 0)
		return -1;
	for (size_t i = begin_at(directory, &list, head->seq); result == 0 && i < list.count; i++) {
		result = pass_segment(directory, list.numbers[i], seen, &pass);
		if (result == 0)
			note(replay, list.numbers[i], &pass);
	}
	free(list.numbers);
	return result;
}
