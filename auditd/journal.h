/*
 * The journal: every record is appended here, made durable, and only then
 * acknowledged.  Records are added to memory and committed together: one
 * write, one fdatasync.
 *
 * A new segment is begun when the current one has reached its size and on
 * the first record of a UTC day.
 */
#ifndef AUDITD_JOURNAL_H
#define AUDITD_JOURNAL_H

#include "segment.h"

enum { JOURNAL_PENDING_MAX = 16 * 1024 * 1024 }; /* bytes of lines added and not committed */

struct journal;

enum { JOURNAL_ID_HEX = 16 }; /* 64 random bits, printed */

enum journal_added {
	JOURNAL_ADDED,
	JOURNAL_KNOWN, /* one of its kind and id was added or committed before: nothing to do */
	JOURNAL_FULL   /* commits fail and JOURNAL_PENDING_MAX bytes are waiting */
};

/*
 * Opens or begins the journal in an existing directory, with a lock on it.  One without lines gets a new id.  A line
 * cut short by a crash is cut off.  Where acknowledged lines are missing or altered at its end, that segment is left as
 * it is and the chain goes on in a new one from what "head" vouches for, so that the gap stays visible.  Ends the
 * process on failure.
 */
struct journal *journal_open(const char *directory, uint64_t segment_size);
void journal_close(struct journal *journal);

/* Adds a record that record_json_fits(). */
enum journal_added journal_add(struct journal *journal, const struct audit_record *record);

/* Records added since the last commit. */
size_t journal_waiting(const struct journal *journal);

/*
 * Makes all that was added durable.  0; or -1 + errno, and then everything stays as it was: it can be
 * tried again, and more can be added meanwhile.
 */
int journal_commit(struct journal *journal, uint64_t wall_ms);

/* What tells it from the journals of other hosts, and from others that were in its place before. */
const char *journal_id(const struct journal *journal);

/* The last line committed, and the place behind it. */
uint64_t journal_seq(const struct journal *journal);
struct segment_place journal_end(const struct journal *journal);

/* For reading its segments. */
int journal_directory(const struct journal *journal);

/* Removes whole segments last written before `oldest_ms`, from the oldest on, never the current one.
 * Returns how many, or -1 + errno. */
int journal_expire(struct journal *journal, uint64_t oldest_ms);

/* The number of the first line there is, or of the next one when there is none; 0 when it cannot be read. */
uint64_t journal_oldest(const struct journal *journal);

#endif
