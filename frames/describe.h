/*
 * What passes on a link, as lines of text: a line for each frame, also where it is not what it should be.  Pure.
 *
 * Stamps are shown by their length and their key; hashes of credentials and what clients and models say by their
 * length alone.  Of a malformed body nothing is shown: its bytes may be anything.
 */
#ifndef FRAMES_DESCRIBE_H
#define FRAMES_DESCRIBE_H

#include "../proto/wire/wire.h"

enum { DESCRIBE_MAX = 4096 }; /* bytes of a line, with its newline; what is longer is cut and ends with "..." */

struct describe_line {
	char text[DESCRIBE_MAX]; /* nothing unprintable but a newline at its end, and no NUL */
	size_t length;
};

/* Takes the next frame out of a message and describes it.  Returns what a receiver refuses it with, or WIRE_OK.
 * As with wire_next_frame(), in->error says that the rest of the message makes no sense. */
enum wire_error describe_next(struct wire_in *in, enum wire_role from, enum wire_role to, struct describe_line *line);

#endif
