/* Reading the end of a journal at start: where it stops, and which records it has. */
#ifndef AUDITD_REPLAY_H
#define AUDITD_REPLAY_H

#include "seen.h"
#include "segment.h"

struct replay {
	struct segment_head tail; /* the last line there is; absent as in segment_head_read() */
	uint64_t segment;         /* the last one; 0: none */
	uint64_t size;            /* of its lines, in bytes */
	uint64_t torn;            /* bytes behind them that are no line: a write cut short */
};

/*
 * Reads the last SEEN_MAX records (a few more, never fewer unless there are fewer) into *seen, going by
 * `head` to find out where they begin.  -1 + errno when a file cannot be read.
 */
int replay_journal(int directory, const struct segment_head *head, struct seen *seen, struct replay *replay);

/* The sequence number of a segment's first line.  False when it has none that can be read. */
bool replay_first(int directory, uint64_t segment, uint64_t *seq);

#endif
