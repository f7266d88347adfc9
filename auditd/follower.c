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
	follower_stepped *stepped;
	void *arg;
	struct store_cursor here; /* where the journal ended when this began */
	struct follower_state state;

	/* Of the step under way. */
	bool busy;
	int result;                 /* if what was read is committed */
	struct store_cursor cursor; /* as it will be then */
	struct segment_place followed;
	unsigned damaged; /* lines left out */

	uint64_t segment; /* open in the reader; 0: none */
	struct segment_reader reader;
};

struct follower *follower_new(struct journal *journal, struct store *store, follower_stepped *stepped, void *arg)
{
	struct follower *follower = calloc(1, sizeof(*follower));
	CHECK(follower != NULL);
	follower->journal = journal;
	follower->store = store;
	follower->stepped = stepped;
	follower->arg = arg;
	follower->here = (struct store_cursor){journal_end(journal), journal_seq(journal)};
	snprintf(follower->state.error, sizeof(follower->state.error), "the store was not reached yet");
	follower->reader.fd = -1;
	return follower;
}

const struct follower_state *follower_state(const struct follower *follower)
{
	return &follower->state;
}

bool follower_is_busy(const struct follower *follower)
{
	return follower->busy;
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

/*
 * A line that cannot be read would stop everything after it: verification tells about it, the store goes on.  One that
 * the store has already was put there together with its number.
 */
static bool add_line(struct follower *follower, const char *line, size_t length)
{
	struct audit_record record;
	uint64_t seq;
	if (!record_json_read(line, length, &record, &seq) || seq > journal_seq(follower->journal)) {
		follower->damaged++;
		return true;
	}
	if (seq <= follower->cursor.seq)
		return true;
	follower->cursor.seq = seq;
	return store_add(follower->store, seq, &record);
}

static bool is_at_end(struct follower *follower)
{
	follower->result = 0;
	return false;
}

/* What was followed so far is kept. */
static bool cannot_read(struct follower *follower)
{
	struct follower_state *state = &follower->state;
	snprintf(state->error, sizeof(state->error), "cannot read the journal: %s", strerror(errno));
	follower->result = -1;
	return false;
}

/* Goes one step on; false: that was it for now. */
static bool follow_one(struct follower *follower)
{
	const char *line;
	size_t length;
	struct segment_place end = journal_end(follower->journal);
	if (!segment_before(&follower->cursor.place, &end))
		return is_at_end(follower);
	if (follower->cursor.place.segment == 0 || (open_at_cursor(follower) < 0 && errno == ENOENT))
		return go_to_next_segment(follower) || is_at_end(follower);
	if (follower->segment == 0)
		return cannot_read(follower);
	enum segment_result result = segment_next(&follower->reader, &line, &length);
	if (result == SEGMENT_FAILED)
		return cannot_read(follower);
	if (result != SEGMENT_LINE && result != SEGMENT_LONG)
		return go_to_next_segment(follower) || is_at_end(follower);
	follower->cursor.place.offset = follower->reader.next;
	return result == SEGMENT_LONG || add_line(follower, line, length);
}

/* --- a step: begun, followed, committed --- */

static void end_step(struct follower *follower, int result)
{
	struct follower_state *state = &follower->state;
	state->well = result >= 0;
	if (state->well)
		state->error[0] = '\0';
	else
		close_segment(follower);
	follower->busy = false;
	follower->stepped(follower->arg, result);
}

static void fail(struct follower *follower, const char *error)
{
	snprintf(follower->state.error, sizeof(follower->state.error), "%s", error);
	end_step(follower, -1);
}

static void committed(void *arg, const char *error)
{
	struct follower *follower = arg;
	struct follower_state *state = &follower->state;
	if (error) {
		fail(follower, error);
		return;
	}
	if (follower->damaged > 0)
		log_error("journal-damaged", "segment=%" PRIu64 " lines=%u", follower->segment, follower->damaged);
	state->seq = follower->cursor.seq;
	state->place = follower->followed;
	end_step(follower, follower->result);
}

static void follow(struct follower *follower)
{
	uint64_t until = loop_micros() + FOLLOWER_SLICE_MS * 1000;
	follower->result = 1;
	while (follow_one(follower) && loop_micros() < until) {
	}
	follower->followed = follower->result == 0 ? journal_end(follower->journal) : follower->cursor.place;
	store_commit(follower->store, &follower->cursor, committed, follower);
}

static void go_on(void *arg, const struct store_cursor *cursor, const char *error)
{
	struct follower *follower = arg;
	if (error) {
		fail(follower, error);
		return;
	}
	follower->cursor = *cursor;
	follow(follower);
}

/* A cursor that no place of this journal can have was left by another one. */
static bool is_possible(const struct follower *follower, const struct store_cursor *cursor)
{
	struct segment_place end = journal_end(follower->journal);
	return !segment_before(&end, &cursor->place) && cursor->seq <= journal_seq(follower->journal);
}

static void begun(void *arg, const struct store_cursor *cursor, const char *error)
{
	struct follower *follower = arg;
	if (error || is_possible(follower, cursor)) {
		go_on(arg, cursor, error);
		return;
	}
	log_warn("store-begun-anew", "reason=\"it followed another journal\" seq=%" PRIu64, cursor->seq);
	close_segment(follower);
	store_begin_anew(follower->store, &follower->here, go_on, follower);
}

void follower_free(struct follower *follower)
{
	close_segment(follower);
	free(follower);
}

void follower_step(struct follower *follower)
{
	if (follower->busy)
		return;
	follower->busy = true;
	follower->damaged = 0;
	store_begin(follower->store, begun, follower);
}
