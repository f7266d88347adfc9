#include "backoff.h"

#include <stdlib.h>
#include <string.h>

int64_t backoff_ms(unsigned repeats, uint64_t asked, uint32_t random)
{
	uint64_t whole = repeats < 6 ? (uint64_t)BACKOFF_FIRST_MS << repeats : BACKOFF_MAX_MS;
	if (asked > BACKOFF_ASKED_MAX_MS)
		return -1;
	if (whole > BACKOFF_MAX_MS)
		whole = BACKOFF_MAX_MS;
	uint64_t wait = whole / 2 + random % (whole / 2 + 1);
	return (int64_t)(wait > asked ? wait : asked);
}

/* The value of a line with that name, times unit; 0 when there is none, or it is no number. */
static uint64_t number_of(const char *lines, const char *name, uint64_t unit)
{
	char *end;
	const char *line = strstr(lines, name);
	if (!line || (line != lines && line[-1] != '\n'))
		return 0;
	const char *digits = line + strlen(name);
	unsigned long value = *digits >= '0' && *digits <= '9' ? strtoul(digits, &end, 10) : 0;
	if (value == 0 || *end != '\r' || value > UINT32_MAX)
		return 0;
	return value * unit;
}

uint64_t backoff_asked(const char *lines)
{
	uint64_t exact = number_of(lines, "retry-after-ms: ", 1);
	return exact > 0 ? exact : number_of(lines, "retry-after: ", 1000);
}
