/* Bytes of a stream that are held back until it is known what they are part of. */
#ifndef PROXYD_HOLD_H
#define PROXYD_HOLD_H

#include <stdbool.h>
#include <stddef.h>

enum { HOLD_MAX = 64 * 1024 };

/* Zero-initialised it is empty. */
struct hold {
	char *bytes;
	size_t length, room;
};

/* Takes a copy of more bytes; false when that would be over HOLD_MAX, or there is no memory. */
bool hold_put(struct hold *hold, const char *bytes, size_t length);

void hold_free(struct hold *hold);

#endif
