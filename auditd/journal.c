#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../proto/daemon/log.h"
#include "identity.h"
#include "replay.h"

enum {
	FILE_MODE = 0640,
	PENDING_KEEP = 256 * 1024 /* bytes of memory kept for the next commit */
};

struct journal {
	int directory;
	int head_fd; /* locked */
	int fd;      /* of the current segment; -1: none yet */
	uint64_t segment, segment_size;
	uint64_t offset; /* committed bytes of the segment */
	uint64_t day;    /* UTC, of its records */
	struct segment_head committed;
	struct segment_head added; /* the last line added */
	char *pending;             /* the lines after the committed one */
	size_t pending_size, pending_length;
	struct seen *seen;
	char id[JOURNAL_ID_HEX + 1];
};

/* --- opening --- */

static void open_head(struct journal *journal, const char *directory, struct segment_head *head)
{
	journal->head_fd = openat(journal->directory, "head", O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
	if (journal->head_fd < 0)
		fatal("cannot open %s/head", directory);
	if (flock(journal->head_fd, LOCK_EX | LOCK_NB) < 0)
		fatal("cannot lock %s/head: is another heimgate-auditd running?", directory);
	if (segment_head_read(journal->head_fd, head) < 0 && errno != EILSEQ)
		fatal("cannot read %s/head", directory);
}

/* Where the chain goes on: behind the last line, unless lines that were acknowledged are gone or altered.
 * Then behind those, so that verification shows the gap.  Returns whether the last segment is sound. */
static bool choose_end(struct journal *journal, const struct segment_head *head, const struct segment_head *tail)
{
	bool lost = head->seq > tail->seq || (head->seq == tail->seq && strcmp(head->hash, tail->hash) != 0);
	if (lost)
		log_error("journal-damaged", "acknowledged=%" PRIu64 " found=%" PRIu64 " advice=\"heimgate audit verify\"",
		          head->seq, tail->seq);
	else if (head->seq == 0 && tail->seq > 0)
		log_warn("journal-head-missing", "found=%" PRIu64, tail->seq);
	journal->committed = journal->added = lost ? *head : *tail;
	return !lost;
}

static void open_segment(struct journal *journal, const struct replay *replay)
{
	char name[SEGMENT_NAME_SIZE];
	struct stat about;
	segment_name(replay->segment, name);
	journal->fd = openat(journal->directory, name, O_WRONLY | O_CLOEXEC);
	if (journal->fd < 0 || fstat(journal->fd, &about) < 0)
		fatal("cannot open the journal's segment %s", name);
	journal->day = (uint64_t)about.st_mtime * 1000 / RECORD_DAY_MS;
	if (replay->torn == 0)
		return;
	log_warn("journal-torn", "segment=%s offset=%" PRIu64 " bytes=%" PRIu64, name, replay->size, replay->torn);
	if (ftruncate(journal->fd, (off_t)replay->size) < 0)
		fatal("cannot cut the torn line off the journal's segment %s", name);
}

struct journal *journal_open(const char *directory, uint64_t segment_size)
{
	struct segment_head head;
	struct replay replay;
	struct journal *journal = calloc(1, sizeof(*journal));
	CHECK(journal != NULL && sodium_init() >= 0);
	journal->seen = seen_new();
	journal->fd = -1;
	journal->segment_size = segment_size;
	journal->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (journal->directory < 0)
		fatal("cannot open the journal in %s", directory);
	open_head(journal, directory, &head);
	if (replay_journal(journal->directory, &head, journal->seen, &replay) < 0)
		fatal("cannot read the journal in %s", directory);
	identity_load(journal->directory, head.seq == 0 && replay.segment == 0, journal->id);
	journal->segment = replay.segment;
	journal->offset = replay.size;
	if (choose_end(journal, &head, &replay.tail) && replay.segment != 0)
		open_segment(journal, &replay);
	return journal;
}

void journal_close(struct journal *journal)
{
	if (journal->fd >= 0)
		close(journal->fd);
	close(journal->head_fd);
	close(journal->directory);
	seen_free(journal->seen);
	free(journal->pending);
	free(journal);
}

/* --- adding --- */

static bool reserve(struct journal *journal, size_t more)
{
	size_t size = journal->pending_size ? journal->pending_size : PENDING_KEEP;
	while (size < journal->pending_length + more)
		size *= 2;
	if (size == journal->pending_size)
		return true;
	char *pending = size <= JOURNAL_PENDING_MAX ? realloc(journal->pending, size) : NULL;
	if (!pending)
		return false;
	journal->pending = pending;
	journal->pending_size = size;
	return true;
}

enum journal_added journal_add(struct journal *journal, const struct audit_record *record)
{
	struct wire_out line;
	if (seen_has(journal->seen, record->kind, record->id))
		return JOURNAL_KNOWN;
	if (!reserve(journal, RECORD_LINE_MAX))
		return JOURNAL_FULL;
	char *start = journal->pending + journal->pending_length;
	wire_out_init(&line, start, RECORD_LINE_MAX);
	record_json_write(&line, record, journal->added.seq + 1, journal->added.hash);
	wire_put_fixed(&line, "\n", 1);
	CHECK(line.error == WIRE_OK);
	record_json_hash(start, line.length, journal->added.hash);
	journal->added.seq++;
	journal->pending_length += line.length;
	seen_add(journal->seen, record->kind, record->id);
	return JOURNAL_ADDED;
}

size_t journal_waiting(const struct journal *journal)
{
	return (size_t)(journal->added.seq - journal->committed.seq);
}

/* --- committing --- */

static int begin_segment(struct journal *journal, uint64_t day)
{
	char name[SEGMENT_NAME_SIZE];
	segment_name(journal->segment + 1, name);
	int fd = openat(journal->directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	if (fd < 0)
		return -1;
	if (fsync(journal->directory) < 0) {
		close(fd);
		unlinkat(journal->directory, name, 0);
		return -1;
	}
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = fd;
	journal->segment++;
	journal->offset = 0;
	journal->day = day;
	return 0;
}

static int write_pending(const struct journal *journal)
{
	size_t done = 0;
	while (done < journal->pending_length) {
		ssize_t length = pwrite(journal->fd, journal->pending + done, journal->pending_length - done,
		                        (off_t)(journal->offset + done));
		if (length < 0 && errno != EINTR)
			return -1;
		done += length > 0 ? (size_t)length : 0;
	}
	return fdatasync(journal->fd);
}

/* Half a line is of no use to whoever reads the file meanwhile; the next try writes the same place again. */
static void cut_off(const struct journal *journal)
{
	int reason = errno;
	if (ftruncate(journal->fd, (off_t)journal->offset) < 0)
		log_warn("journal-not-cut", "segment=%" PRIu64 " reason=%s", journal->segment, log_text(strerror(errno)));
	errno = reason;
}

static void pending_done(struct journal *journal)
{
	journal->offset += journal->pending_length;
	journal->committed = journal->added;
	journal->pending_length = 0;
	if (journal->pending_size <= PENDING_KEEP)
		return;
	free(journal->pending);
	journal->pending = NULL;
	journal->pending_size = 0;
}

int journal_commit(struct journal *journal, uint64_t wall_ms)
{
	uint64_t day = wall_ms / RECORD_DAY_MS;
	if (journal->pending_length == 0)
		return 0;
	bool over = journal->offset > 0 && (journal->offset >= journal->segment_size || day != journal->day);
	if ((journal->fd < 0 || over) && begin_segment(journal, day) < 0)
		return -1;
	if (write_pending(journal) < 0 || segment_head_write(journal->head_fd, &journal->added) < 0) {
		cut_off(journal);
		return -1;
	}
	pending_done(journal);
	return 0;
}

/* --- what is there --- */

const char *journal_id(const struct journal *journal)
{
	return journal->id;
}

uint64_t journal_seq(const struct journal *journal)
{
	return journal->committed.seq;
}

struct segment_place journal_end(const struct journal *journal)
{
	return (struct segment_place){journal->segment, journal->offset};
}

int journal_directory(const struct journal *journal)
{
	return journal->directory;
}

uint64_t journal_oldest(const struct journal *journal)
{
	struct segment_list list;
	uint64_t seq = 0;
	if (segment_list(journal->directory, &list) < 0)
		return 0;
	if (list.count == 0)
		seq = journal->committed.seq + 1;
	else
		replay_first(journal->directory, list.numbers[0], &seq);
	free(list.numbers);
	return seq;
}

/* 1: removed, 0: still young, -1 + errno. */
static int expire_one(const struct journal *journal, uint64_t segment, uint64_t oldest_ms)
{
	char name[SEGMENT_NAME_SIZE];
	struct stat about;
	segment_name(segment, name);
	if (fstatat(journal->directory, name, &about, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if ((uint64_t)about.st_mtime * 1000 >= oldest_ms)
		return 0;
	return unlinkat(journal->directory, name, 0) < 0 ? -1 : 1;
}

int journal_expire(struct journal *journal, uint64_t oldest_ms)
{
	struct segment_list list;
	int removed = 0, result = 1;
	if (segment_list(journal->directory, &list) < 0)
		return -1;
	for (size_t i = 0; i < list.count && list.numbers[i] < journal->segment && result > 0; i++) {
		result = expire_one(journal, list.numbers[i], oldest_ms);
		removed += result > 0;
	}
	free(list.numbers);
	return result < 0 ? -1 : removed;
}
