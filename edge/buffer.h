/* Bytes that come in at the end and go out at the front.  Zero-initialised means empty and without memory. */
#ifndef EDGE_BUFFER_H
#define EDGE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
	char *data;
	size_t start; /* first byte held */
	size_t end;   /* one past the last */
	size_t size;  /* of data, in bytes */
};

/* The bytes held: buffer_length() of them, valid until the next call that changes the buffer. */
const char *buffer_bytes(const struct buffer *buffer);
size_t buffer_length(const struct buffer *buffer);

/* Room for `wanted` more bytes behind those held; NULL when there is no memory.  Fill it, then buffer_added(). */
char *buffer_room(struct buffer *buffer, size_t wanted);
void buffer_added(struct buffer *buffer, size_t length);

/* Appends a copy; false when there is no memory. */
bool buffer_put(struct buffer *buffer, const char *bytes, size_t length);

/* Drops bytes from the front. */
void buffer_take(struct buffer *buffer, size_t length);

/* Gives the memory back; the buffer is empty then. */
void buffer_free(struct buffer *buffer);

#endif
