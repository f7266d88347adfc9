#include "segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEAD_SIZE = 20 + 1 + RECORD_HASH_HEX + 1 };

bool segment_before(const struct segment_place *a, const struct segment_place *b)
{
	return a->segment < b->segment || (a->segment == b->segment && a->offset < b->offset);
}

void segment_name(uint64_t number, char name[SEGMENT_NAME_SIZE])
{
	snprintf(name, SEGMENT_NAME_SIZE, "%010" PRIu64 ".jsonl", number);
}

/* 0 when the name is no segment's. */
static uint64_t number_of(const char *name)
{
	char again[SEGMENT_NAME_SIZE];
	uint64_t number = strtoull(name, NULL, 10);
	segment_name(number, again);
	return strcmp(name, again) == 0 ? number : 0;
}

static int by_number(const void *left, const void *right)
{
	const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	return (a > b) - (a < b);
}

static int list_add(struct segment_list *list, uint64_t number)
{
	uint64_t *numbers = reallocarray(list->numbers, list->count + 1, sizeof(*numbers));
	if (!numbers)
		return -1;
	list->numbers = numbers;
	list->numbers[list->count++] = number;
	return 0;
}

int segment_list(int directory, struct segment_list *list)
{
	int result = -1;
	*list = (struct segment_list){NULL, 0};
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
	if (!entries) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(entries);
		if (!entry)
			break;
		uint64_t number = number_of(entry->d_name);
		if (number != 0 && list_add(list, number) < 0)
			goto out;
	}
	if (errno == 0)
		result = 0;
out:
	closedir(entries);
	if (result < 0) {
		free(list->numbers);
		list->numbers = NULL;
	} else if (list->count > 0)
		qsort(list->numbers, list->count, sizeof(*list->numbers), by_number);
	return result;
}

int segment_open(int directory, uint64_t number)
{
	char name[SEGMENT_NAME_SIZE];
	segment_name(number, name);
	return openat(directory, name, O_RDONLY | O_CLOEXEC);
}

int segment_head_read(int fd, struct segment_head *head)
{
	char text[HEAD_SIZE + 1], again[HEAD_SIZE + 1];
	memset(head, 0, sizeof(*head));
	memset(head->hash, '0', RECORD_HASH_HEX);
	ssize_t length = pread(fd, text, sizeof(text), 0);
	if (length <= 0)
		return (int)length;
	errno = EILSEQ;
	if (length != HEAD_SIZE)
		return -1;
	text[HEAD_SIZE] = '\0';
	struct segment_head read = {.seq = strtoull(text, NULL, 10)};
	memcpy(read.hash, text + HEAD_SIZE - 1 - RECORD_HASH_HEX, RECORD_HASH_HEX);
	snprintf(again, sizeof(again), "%020" PRIu64 " %s\n", read.seq, read.hash);
	if (strcmp(text, again) != 0)
		return -1;
	*head = read;
	return 0;
}

/* Always the same number of bytes in the same place, so that there is no moment without a head. */
int segment_head_write(int fd, const struct segment_head *head)
{
	char text[HEAD_SIZE + 1];
	snprintf(text, sizeof(text), "%020" PRIu64 " %s\n", head->seq, head->hash);
	ssize_t length = pwrite(fd, text, HEAD_SIZE, 0);
	if (length >= 0 && length < HEAD_SIZE)
		errno = ENOSPC;
	return length == HEAD_SIZE ? 0 : -1;
}

void segment_reader_start(struct segment_reader *reader, int fd, uint64_t offset)
{
	reader->fd = fd;
	reader->offset = reader->next = offset;
	reader->start = reader->end = 0;
}

/* Bytes added, 0 at the end, -1 + errno. */
static ssize_t fill(struct segment_reader *reader)
{
	memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
	reader->end -= reader->start;
	reader->start = 0;
	ssize_t more = pread(reader->fd, reader->buffer + reader->end, SEGMENT_BUFFER - reader->end,
	                     (off_t)(reader->next + reader->end));
	if (more > 0)
		reader->end += (size_t)more;
	return more;
}

/* Hands out the first `size` bytes held. */
static const char *take(struct segment_reader *reader, size_t size)
{
	const char *bytes = reader->buffer + reader->start;
	reader->offset = reader->next;
	reader->next += size;
	reader->start += size;
	return bytes;
}

/* Drops bytes up to and with the next newline, or all there are. */
static enum segment_result skip_long(struct segment_reader *reader)
{
	uint64_t offset = reader->next;
	ssize_t more = 1;
	while (more > 0) {
		const char *from = reader->buffer + reader->start;
		const char *newline = memchr(from, '\n', reader->end - reader->start);
		take(reader, newline ? (size_t)(newline + 1 - from) : reader->end - reader->start);
		more = newline ? 0 : fill(reader);
	}
	reader->offset = offset;
	return more < 0 ? SEGMENT_FAILED : SEGMENT_LONG;
}

enum segment_result segment_next(struct segment_reader *reader, const char **line, size_t *length)
{
	for (;;) {
		size_t held = reader->end - reader->start;
		const char *from = reader->buffer + reader->start;
		const char *newline = memchr(from, '\n', held);
		*length = newline ? (size_t)(newline + 1 - from) : held;
		if (*length > RECORD_LINE_MAX)
			return skip_long(reader);
		if (newline) {
			*line = take(reader, *length);
			return SEGMENT_LINE;
		}
		ssize_t more = fill(reader);
		if (more > 0)
			continue;
		*line = reader->buffer;
		reader->offset = reader->next;
		return more < 0 ? SEGMENT_FAILED : held > 0 ? SEGMENT_TORN : SEGMENT_END;
	}
}
