#include "../../proxyd/backoff.h"

#include "../tap/tap.h"

static void waits(void)
{
	is_int(backoff_ms(0, 0, 0), 50, "the first wait is at least half of 100 ms");
	is_int(backoff_ms(0, 0, 50), 100, "and at most all of it");
	is_int(backoff_ms(2, 0, 0), 200, "it doubles");
	is_int(backoff_ms(6, 0, 0), BACKOFF_MAX_MS / 2, "up to a limit");
	is_int(backoff_ms(60, 0, UINT32_MAX) <= BACKOFF_MAX_MS, 1, "which always holds");
	is_int(backoff_ms(0, 3000, 0), 3000, "an upstream that asks for more gets it");
	is_int(backoff_ms(0, 10, 0), 50, "who asks for less does not shorten it");
	is_int(backoff_ms(0, BACKOFF_ASKED_MAX_MS + 1, 0), -1, "who asks for too much is not waited for");
}

static void asks(void)
{
	is_int((long long)backoff_asked(""), 0, "nothing asked");
	is_int((long long)backoff_asked("retry-after: 2\r\n"), 2000, "seconds");
	is_int((long long)backoff_asked("retry-after: 2\r\nretry-after-ms: 250\r\n"), 250, "milliseconds are more exact");
	is_int((long long)backoff_asked("retry-after: Wed, 21 Oct 2026 07:28:00 GMT\r\n"), 0, "a date is not followed");
	is_int((long long)backoff_asked("retry-after: 2x\r\n"), 0, "nor nonsense");
	is_int((long long)backoff_asked("retry-after: -2\r\n"), 0, "nor what is negative");
	is_int((long long)backoff_asked("retry-after: 99999999999999999999\r\n"), 0, "nor what is too large");
	is_int((long long)backoff_asked("x-should-retry: retry-after: 2\r\n"), 0, "nor what stands in another line");
}

int main(void)
{
	waits();
	asks();
	return tap_done();
}
