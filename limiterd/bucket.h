/*
 * A token bucket: holds at most `limit`, gains `limit` a minute, and may be
 * in debt when something cost more than was thought.  Pure: the clock is
 * passed in, in monotonic milliseconds.
 */
#ifndef LIMITERD_BUCKET_H
#define LIMITERD_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "../proto/wire/msg_limit.h"

#define BUCKET_NEVER UINT64_MAX

enum { BUCKET_COST_MAX = REQUEST_TOKENS_MAX };

/* All zero is a bucket without a limit. */
struct bucket {
	uint32_t limit; /* per minute; 0: none */
	int64_t level;  /* in 1/60000: what a limit of 1 gains in a millisecond; negative is debt */
	uint64_t at;    /* when the level was right */
};

/* Sets the limit.  A bucket that had none begins full; else what was used stays used, but a smaller
 * limit alone makes no debt. */
void bucket_set_limit(struct bucket *bucket, uint32_t limit, uint64_t now);

/* Milliseconds until `cost` can be taken: 0 now, BUCKET_NEVER when it is over the limit as a whole. */
uint64_t bucket_wait(struct bucket *bucket, uint64_t cost, uint64_t now);

/* Takes `cost`, into debt if need be: for what has been allowed already.  cost <= BUCKET_COST_MAX. */
void bucket_take(struct bucket *bucket, uint64_t cost, uint64_t now);

/* Puts back what was taken, never above the limit. */
void bucket_refund(struct bucket *bucket, uint64_t cost, uint64_t now);

bool bucket_is_full(struct bucket *bucket, uint64_t now);

/* What the caller is told. */
struct limit_level bucket_level(struct bucket *bucket, uint64_t now);

#endif
