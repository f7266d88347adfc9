/* A growable run of bytes.  Zero-initialised means empty; memory that runs out ends the process. */
#ifndef MOCKMODEL_BYTES_H
#define MOCKMODEL_BYTES_H

#include <stddef.h>

struct bytes {
	char *data; /* NUL-terminated once anything was put, for searching */
	size_t length;
	size_t room;
};

/* Makes room for `more` further bytes and the NUL; returns where they go. */
char *bytes_room(struct bytes *bytes, size_t more);

void bytes_put(struct bytes *bytes, const void *data, size_t length);
void bytes_text(struct bytes *bytes, const char *text);
void bytes_format(struct bytes *bytes, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Drops the first `count` bytes. */
void bytes_drop(struct bytes *bytes, size_t count);

/* Empties it and keeps the memory. */
void bytes_clear(struct bytes *bytes);
void bytes_free(struct bytes *bytes);

#endif
