#include "buffer.h"

#include <stdlib.h>
#include <string.h>

/* A head may have left a credential wherever it was: what is given up or moved away from is wiped. */
enum { SIZE_MIN = 2048 };

const char *buffer_bytes(const struct buffer *buffer)
{
	return buffer->data ? buffer->data + buffer->start : "";
}

size_t buffer_length(const struct buffer *buffer)
{
	return buffer->end - buffer->start;
}

static void move_to_front(struct buffer *buffer)
{
	if (buffer->start == 0 || !buffer->data)
		return;
	size_t length = buffer_length(buffer);
	memmove(buffer->data, buffer->data + buffer->start, length);
	explicit_bzero(buffer->data + length, buffer->end - length);
	buffer->start = 0;
	buffer->end = length;
}

static bool grow(struct buffer *buffer, size_t wanted)
{
	size_t size = buffer->size ? buffer->size : SIZE_MIN;
	while (size - buffer->end < wanted)
		size *= 2;
	if (size == buffer->size)
		return true;
	char *data = realloc(buffer->data, size);
	if (!data)
		return false;
	buffer->data = data;
	buffer->size = size;
	return true;
}

char *buffer_room(struct buffer *buffer, size_t wanted)
{
	if (!buffer->data || buffer->size - buffer->end < wanted) {
		move_to_front(buffer);
		if (!grow(buffer, wanted))
			return NULL;
	}
	return buffer->data + buffer->end;
}

void buffer_added(struct buffer *buffer, size_t length)
{
	buffer->end += length;
}

bool buffer_put(struct buffer *buffer, const char *bytes, size_t length)
{
	char *room = buffer_room(buffer, length);
	if (!room)
		return false;
	memcpy(room, bytes, length);
	buffer->end += length;
	return true;
}

void buffer_take(struct buffer *buffer, size_t length)
{
	buffer->start += length;
	if (buffer->start == buffer->end)
		buffer->start = buffer->end = 0;
}

void buffer_free(struct buffer *buffer)
{
	if (buffer->data)
		explicit_bzero(buffer->data, buffer->size);
	free(buffer->data);
	*buffer = (struct buffer){0};
}
