#include "../../limiterd/bucket.h"

#include "../tap/tap.h"

static const uint64_t start = 1000 * 1000;

static void test_no_limit(void)
{
	struct bucket bucket = {0};
	is_int((long long)bucket_wait(&bucket, BUCKET_COST_MAX, start), 0, "without a limit everything passes");
	bucket_take(&bucket, BUCKET_COST_MAX, start);
	ok(bucket_is_full(&bucket, start), "and nothing is counted");
	struct limit_level level = bucket_level(&bucket, start);
	ok(level.limit == 0 && level.remaining == 0 && level.reset_ms == 0, "and nothing is told");
}

static void test_capacity(void)
{
	struct bucket bucket = {0};
	bucket_set_limit(&bucket, 60, start);
	unsigned taken = 0;
	while (bucket_wait(&bucket, 1, start) == 0) {
		bucket_take(&bucket, 1, start);
		taken++;
	}
	is_int(taken, 60, "a full bucket holds the limit");
	is_int((long long)bucket_wait(&bucket, 1, start), 1000, "at 60 a minute the next comes after a second");
	is_int((long long)bucket_wait(&bucket, 1, start + 999), 1, "not a millisecond earlier");
	is_int((long long)bucket_wait(&bucket, 1, start + 1000), 0, "and then it is there");
	is_int((long long)bucket_wait(&bucket, 60, start + 1000), 59000, "a large one waits for all it needs");
	is_int((long long)bucket_wait(&bucket, 61, start), (long long)BUCKET_NEVER, "one over the limit never passes");
}

static void test_level(void)
{
	struct bucket bucket = {0};
	bucket_set_limit(&bucket, 100, start);
	bucket_take(&bucket, 30, start);
	struct limit_level level = bucket_level(&bucket, start);
	is_int((long long)level.limit, 100, "the limit is told");
	is_int((long long)level.remaining, 70, "and what remains");
	is_int(level.reset_ms, 18000, "and when it is full again");
	level = bucket_level(&bucket, start + 18000);
	ok(level.remaining == 100 && level.reset_ms == 0, "which is then so");
	level = bucket_level(&bucket, start + 3600 * 1000);
	is_int((long long)level.remaining, 100, "and never more than full");
}

static void test_debt(void)
{
	struct bucket bucket = {0};
	bucket_set_limit(&bucket, 60, start);
	bucket_take(&bucket, 180, start);
	is_int((long long)bucket_level(&bucket, start).remaining, 0, "in debt nothing remains");
	is_int((long long)bucket_wait(&bucket, 1, start), 121 * 1000, "a debt is paid before anything passes");
	bucket_take(&bucket, BUCKET_COST_MAX, start);
	bucket_take(&bucket, BUCKET_COST_MAX, start);
	is_int(bucket_level(&bucket, start).reset_ms, UINT32_MAX, "a time too long to tell is told as the longest");
	for (int i = 0; i < 100000; i++)
		bucket_take(&bucket, BUCKET_COST_MAX, start);
	ok(bucket_wait(&bucket, 1, start) != BUCKET_NEVER && bucket_wait(&bucket, 1, start) > 0, "no debt overflows");
	bucket_set_limit(&bucket, 0, start);
	bucket_set_limit(&bucket, 60, start);
	ok(bucket_is_full(&bucket, start), "a limit that was taken away takes its debt along");
}

static void test_refund(void)
{
	struct bucket bucket = {0};
	bucket_set_limit(&bucket, 60, start);
	bucket_take(&bucket, 10, start);
	bucket_refund(&bucket, 10, start);
	ok(bucket_is_full(&bucket, start), "what is taken and given back was never gone");
	bucket_take(&bucket, 1, start);
	bucket_refund(&bucket, 50, start);
	is_int((long long)bucket_level(&bucket, start).remaining, 60, "a refund never fills above the limit");
}

static void test_change(void)
{
	struct bucket bucket = {0};
	bucket_set_limit(&bucket, 10, start);
	bucket_take(&bucket, 10, start);
	bucket_set_limit(&bucket, 100, start);
	is_int((long long)bucket_level(&bucket, start).remaining, 90, "a raised limit takes effect at once");
	bucket_set_limit(&bucket, 5, start);
	is_int((long long)bucket_level(&bucket, start).remaining, 0, "so does a lowered one");
	is_int((long long)bucket_wait(&bucket, 1, start), 12000, "without making a debt");
	bucket_take(&bucket, 5, start);
	bucket_set_limit(&bucket, 10, start);
	is_int((long long)bucket_wait(&bucket, 1, start), 6000, "a raised limit pays what it adds");
}

static void test_extremes(void)
{
	struct bucket bucket = {0};
	bucket_set_limit(&bucket, UINT32_MAX, start);
	bucket_take(&bucket, BUCKET_COST_MAX, start);
	is_int((long long)bucket_level(&bucket, UINT64_MAX).remaining, UINT32_MAX, "the end of time overflows nothing");
	struct bucket odd = {0};
	bucket_set_limit(&odd, 7, start);
	bucket_take(&odd, 7, start);
	uint64_t wait = bucket_wait(&odd, 1, start);
	ok(bucket_wait(&odd, 1, start + wait - 1) > 0 && bucket_wait(&odd, 1, start + wait) == 0,
	   "a wait that is no whole number of milliseconds is not told too short");
	struct bucket slow = {0};
	bucket_set_limit(&slow, 1, start);
	bucket_take(&slow, 1, start);
	is_int((long long)bucket_wait(&slow, 1, start), 60000, "one a minute");
	is_int((long long)bucket_wait(&slow, 1, start - 1), 60000, "a clock that seems to go back gains nothing");
	for (uint64_t at = start; at < start + 59999; at += 7)
		bucket_wait(&slow, 1, at);
	is_int((long long)bucket_wait(&slow, 1, start + 59999), 1, "looking often loses nothing to rounding");
}

int main(void)
{
	test_no_limit();
	test_capacity();
	test_level();
	test_debt();
	test_refund();
	test_change();
	test_extremes();
	return tap_done();
}
