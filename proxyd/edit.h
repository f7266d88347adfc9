/*
 * Changes to a request's body: stretches of it that become other text.  The
 * body itself stays, because it may go to more than one upstream.
 */
#ifndef PROXYD_EDIT_H
#define PROXYD_EDIT_H

#include <stddef.h>
#include <stdint.h>

enum { EDITS_MAX = 32 }; /* the name, the usage, and three for each member that a target changes */

struct edit {
	size_t start, end; /* the bytes from start to end go, */
	const char *text;  /* and this comes; borrowed */
	size_t length;
};

/* In the order of the body.  Zero-initialised there is none. */
struct edits {
	struct edit list[EDITS_MAX];
	size_t count;
};

/* Adds one that overlaps no other; of insertions at the same place the first stays in front. */
void edits_add(struct edits *edits, uint64_t start, uint64_t end, const char *text);

/* Length of a body of `length` bytes with the changes made. */
size_t edits_length(const struct edits *edits, size_t length);

/* Writes it to out[edits_length()]. */
void edits_apply(const struct edits *edits, const char *body, size_t length, char *out);

#endif
