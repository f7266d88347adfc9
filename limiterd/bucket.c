#include "bucket.h"

enum { UNIT = 60 * 1000 }; /* one request or token, in the unit of a level */

/* A debt beyond this is not counted: it keeps the sums far from overflow. */
#define DEBT_MAX (INT64_C(1) << 60)

static int64_t capacity(const struct bucket *bucket)
{
	return (int64_t)bucket->limit * UNIT;
}

static void refill(struct bucket *bucket, uint64_t now)
{
	if (bucket->limit == 0 || now <= bucket->at)
		return;
	uint64_t missing = (uint64_t)(capacity(bucket) - bucket->level);
	uint64_t elapsed = now - bucket->at;
	if (elapsed > missing / bucket->limit)
		bucket->level = capacity(bucket);
	else
		bucket->level += (int64_t)(elapsed * bucket->limit);
	bucket->at = now;
}

void bucket_set_limit(struct bucket *bucket, uint32_t limit, uint64_t now)
{
	if (limit == bucket->limit)
		return;
	refill(bucket, now);
	int64_t used = capacity(bucket) - bucket->level;
	int64_t least = bucket->level < 0 ? bucket->level : 0;
	bucket->limit = limit;
	bucket->level = capacity(bucket) - used > least ? capacity(bucket) - used : least;
	if (limit == 0)
		bucket->level = 0;
	bucket->at = now;
}

static uint64_t time_to_gain(const struct bucket *bucket, int64_t units)
{
	return units <= 0 ? 0 : ((uint64_t)units + bucket->limit - 1) / bucket->limit;
}

uint64_t bucket_wait(struct bucket *bucket, uint64_t cost, uint64_t now)
{
	if (bucket->limit == 0)
		return 0;
	if (cost > bucket->limit)
		return BUCKET_NEVER;
	refill(bucket, now);
	return time_to_gain(bucket, (int64_t)cost * UNIT - bucket->level);
}

void bucket_take(struct bucket *bucket, uint64_t cost, uint64_t now)
{
	if (bucket->limit == 0)
		return;
	refill(bucket, now);
	bucket->level -= (int64_t)cost * UNIT;
	if (bucket->level < -DEBT_MAX)
		bucket->level = -DEBT_MAX;
}

void bucket_refund(struct bucket *bucket, uint64_t cost, uint64_t now)
{
	if (bucket->limit == 0)
		return;
	refill(bucket, now);
	bucket->level += (int64_t)cost * UNIT;
	if (bucket->level > capacity(bucket))
		bucket->level = capacity(bucket);
}

bool bucket_is_full(struct bucket *bucket, uint64_t now)
{
	refill(bucket, now);
	return bucket->level == capacity(bucket);
}

struct limit_level bucket_level(struct bucket *bucket, uint64_t now)
{
	struct limit_level level = {.limit = bucket->limit};
	if (bucket->limit == 0)
		return level;
	refill(bucket, now);
	uint64_t reset = time_to_gain(bucket, capacity(bucket) - bucket->level);
	level.remaining = bucket->level > 0 ? (uint64_t)bucket->level / UNIT : 0;
	level.reset_ms = reset < UINT32_MAX ? (uint32_t)reset : UINT32_MAX;
	return level;
}
