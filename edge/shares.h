/*
 * The room for request bodies, and how much of it each key has taken.  A key
 * may have half of what all others have left: one that fills its share, and
 * sends no more, leaves room for the next.
 */
#ifndef EDGE_SHARES_H
#define EDGE_SHARES_H

#include <stdbool.h>
#include <stdint.h>

struct share; /* of one key that has a body */

/* Counts one more body of that key; NULL when there is no memory. */
struct share *shares_join(const char *key_id);

/* Takes so many bytes of the room of `total`; false, and nothing is taken, when they are not the key's to have. */
bool shares_take(struct share *share, uint64_t length, uint64_t total);

/* One body less, of which so many bytes were taken; the share may be gone afterwards. */
void shares_leave(struct share *share, uint64_t length);

#endif
