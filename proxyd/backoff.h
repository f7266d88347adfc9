/* How long to wait before the same upstream is asked again. */
#ifndef PROXYD_BACKOFF_H
#define PROXYD_BACKOFF_H

#include <stdint.h>

enum {
	BACKOFF_FIRST_MS = 100,
	BACKOFF_MAX_MS = 5 * 1000,
	BACKOFF_ASKED_MAX_MS = 10 * 1000 /* who asks for more is not waited for */
};

/*
 * ms before the attempt that follows `repeats` others: doubled each time, of which a random half is taken off so that
 * callers do not come back together; no less than `asked`, what the upstream's Retry-After said (0: nothing).
 * random: any number.  -1: it asked for too much.
 */
int64_t backoff_ms(unsigned repeats, uint64_t asked, uint32_t random);

/* ms asked for in the header lines of struct head's `retry` (RFC 9110, 10.2.3); 0: none, or a date. */
uint64_t backoff_asked(const char *lines);

#endif
