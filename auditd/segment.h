/*
 * The files of a journal: segments NNNNNNNNNN.jsonl, numbered from 1 without
 * gaps, and "head", which names the last line that was acknowledged.
 */
#ifndef AUDITD_SEGMENT_H
#define AUDITD_SEGMENT_H

#include "record_json.h"

enum {
	SEGMENT_NAME_SIZE = 32,
	SEGMENT_BUFFER = 64 * 1024 /* bytes read at a time: many lines of RECORD_LINE_MAX */
};

/* A place in the journal, in front of a line. */
struct segment_place {
	uint64_t segment; /* number; 0: in front of everything */
	uint64_t offset;  /* bytes */
};

/* Whether a is nearer to the beginning. */
bool segment_before(const struct segment_place *a, const struct segment_place *b);

/* The numbers of a directory's segments in ascending order; the caller frees. */
struct segment_list {
	uint64_t *numbers;
	size_t count;
};

/* "0000000001.jsonl" */
void segment_name(uint64_t number, char name[SEGMENT_NAME_SIZE]);

/* -1 + errno when the directory cannot be read. */
int segment_list(int directory, struct segment_list *list);

/* Opens a segment for reading.  -1 + errno. */
int segment_open(int directory, uint64_t number);

/* The last acknowledged line.  An absent head has seq 0 and a hash of zeros. */
struct segment_head {
	uint64_t seq;
	char hash[RECORD_HASH_HEX + 1];
};

/* -1 + errno when the descriptor cannot be read (or written), EILSEQ when its bytes are no head. */
int segment_head_read(int fd, struct segment_head *head);
int segment_head_write(int fd, const struct segment_head *head);

/* Reads a segment line by line.  Large: not for the stack. */
struct segment_reader {
	int fd;            /* the caller's */
	uint64_t offset;   /* of the line last returned */
	uint64_t next;     /* of the one after it */
	size_t start, end; /* of the bytes held that were not returned yet */
	char buffer[SEGMENT_BUFFER];
};

enum segment_result {
	SEGMENT_LINE,
	SEGMENT_END,   /* no more bytes */
	SEGMENT_TORN,  /* bytes without a newline at the end; *line has them */
	SEGMENT_LONG,  /* more than RECORD_LINE_MAX bytes without a newline; they are skipped up to the newline */
	SEGMENT_FAILED /* errno says why */
};

void segment_reader_start(struct segment_reader *reader, int fd, uint64_t offset);

/* A line with its newline, valid until the next call.  After SEGMENT_END it may be called again for what was
 * appended since. */
enum segment_result segment_next(struct segment_reader *reader, const char **line, size_t *length);

#endif
