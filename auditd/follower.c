#include "follower.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"

struct follower {
	struct journal *journal;
	struct store *store;
	struct follower_state state;
	struct store_cursor cursor; /* as it will be with what was added to the transaction */
	uint64_t segment;           /* open in the reader; 0: none */
	unsigned damaged;           /* lines left out in this step */
	struct segment_reader reader;
};

struct follower *follower_new(struct journal *journal, struct store *store)
{
	struct follower *follower = calloc(1, sizeof(*follower));
	CHECK(follower != NULL);
	follower->journal = journal;
	follower->store = store;
	follower->state.well = true;
	follower->reader.fd = -1;
	return follower;
}

const struct follower_state *follower_state(const struct follower *follower)
{
	return &follower->state;
}

static bool before(const struct segment_place *a, const struct segment_place *b)
{
	return a->segment < b->segment || (a->segment == b->segment && a->offset < b->offset);
}

/* --- reading --- */

static void close_segment(struct follower *follower)
{
	if (follower->segment != 0)
		close(follower->reader.fd);
	follower->segment = 0;
}

/* Stands in front of the line at the cursor.  -1 + errno. */
static int open_at_cursor(struct follower *follower)
{
	const struct segment_place *place = &follower->cursor.place;
	if (follower->segment == place->segment && follower->reader.next == place->offset)
		return 0;
	close_segment(follower);
	int fd = segment_open(journal_directory(follower->journal), place->segment);
	if (fd < 0)
		return -1;
	segment_reader_start(&follower->reader, fd, place->offset);
	follower->segment = place->segment;
	return 0;
}

/* The segment after `segment` that is still there; false when there is none. */
static bool next_segment(const struct follower *follower, uint64_t segment, uint64_t *next)
{
	struct segment_list list;
	*next = 0;
	if (segment_list(journal_directory(follower->journal), &list) < 0)
		return false;
	for (size_t i = list.count; i-- > 0 && list.numbers[i] > segment;)
		*next = list.numbers[i];
	free(list.numbers);
	return *next != 0;
}

static bool go_to_next_segment(struct follower *follower)
{
	uint64_t next;
	if (!next_segment(follower, follower->cursor.place.segment, &next))
		return false;
	follower->cursor.place = (struct segment_place){next, 0};
	return true;
}

/* --- one line after the other --- */

/* A line that cannot be read would stop everything after it: verification tells about it, the store goes on. */
static int add_line(struct follower *follower, const char *line, size_t length)
{
	struct audit_record record;
	uint64_t seq;
	if (!record_json_read(line, length, &record, &seq) || seq > journal_seq(follower->journal)) {
		follower->damaged++;
		return 0;
	}
	follower->cursor.seq = seq;
	return store_add(follower->store, seq, &record, follower->state.error);
}

/* What was followed so far is kept. */
static int cannot_read(struct follower *follower)
{
	struct follower_state *state = &follower->state;
	const char *reason = strerror(errno);
	if (store_commit(follower->store, &follower->cursor, state->error) == 0)
		snprintf(state->error, sizeof(state->error), "cannot read the journal: %s", reason);
	return -1;
}

/* 1: went one step on, 0: nothing more is committed, -1: failed. */
static int follow_one(struct follower *follower)
{
	const char *line;
	size_t length;
	struct segment_place end = journal_end(follower->journal);
	if (!before(&follower->cursor.place, &end))
		return 0;
	if (follower->cursor.place.segment == 0 || (open_at_cursor(follower) < 0 && errno == ENOENT))
		return go_to_next_segment(follower);
	if (follower->segment == 0)
		return cannot_read(follower);
	enum segment_result result = segment_next(&follower->reader, &line, &length);
	if (result == SEGMENT_LINE && add_line(follower, line, length) < 0)
		return -1;
	if (result == SEGMENT_LINE || result == SEGMENT_LONG) {
		follower->cursor.place.offset = follower->reader.next;
		return 1;
	}
	if (result == SEGMENT_FAILED)
		return cannot_read(follower);
	return go_to_next_segment(follower);
}

/* A cursor that no place of this journal can have was left by another one. */
static int begin(struct follower *follower)
{
	struct follower_state *state = &follower->state;
	struct segment_place end = journal_end(follower->journal);
	if (store_begin(follower->store, &follower->cursor, state->error) < 0)
		return -1;
	if (!before(&end, &follower->cursor.place) && follower->cursor.seq <= journal_seq(follower->journal))
		return 0;
	log_warn("store-emptied", "reason=\"it followed another journal\" seq=%" PRIu64, follower->cursor.seq);
	close_segment(follower);
	if (store_commit(follower->store, &follower->cursor, state->error) < 0 ||
	    store_clear(follower->store, state->error) < 0)
		return -1;
	return store_begin(follower->store, &follower->cursor, state->error);
}

static int failed(struct follower *follower)
{
	close_segment(follower);
	follower->state.well = false;
	return -1;
}

int follower_step(struct follower *follower)
{
	struct follower_state *state = &follower->state;
	uint64_t until = loop_micros() + FOLLOWER_SLICE_MS * 1000;
	int result;
	state->error[0] = '\0';
	follower->damaged = 0;
	if (begin(follower) < 0)
		return failed(follower);
	do {
		result = follow_one(follower);
	} while (result > 0 && loop_micros() < until);
	if (result < 0 || store_commit(follower->store, &follower->cursor, state->error) < 0)
		return failed(follower);
	if (follower->damaged > 0)
		log_error("journal-damaged", "segment=%" PRIu64 " lines=%u", follower->segment, follower->damaged);
	state->well = true;
	state->seq = follower->cursor.seq;
	return result;
}
