#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static unsigned count, failures;

static bool __attribute__((format(printf, 4, 0)))
report(const char *file, int line, bool good, const char *format, va_list arguments)
{
	printf("%sok %u - ", good ? "" : "not ", ++count);
	vprintf(format, arguments);
	printf("\n");
	if (!good) {
		failures++;
		printf("# at %s:%d\n", file, line);
	}
	fflush(stdout);
	return good;
}

bool ok_at(const char *file, int line, bool good, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	report(file, line, good, format, arguments);
	va_end(arguments);
	return good;
}

bool is_int_at(const char *file, int line, long long got, long long wanted, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	bool good = report(file, line, got == wanted, format, arguments);
	va_end(arguments);
	if (!good)
		printf("#      got: %lld\n#   wanted: %lld\n", got, wanted);
	return good;
}

bool is_text_at(const char *file, int line, const char *got, const char *wanted, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	bool same = got && wanted ? strcmp(got, wanted) == 0 : got == wanted;
	bool good = report(file, line, same, format, arguments);
	va_end(arguments);
	if (!good)
		printf("#      got: %s\n#   wanted: %s\n", got ? got : "(null)", wanted ? wanted : "(null)");
	return good;
}

bool is_bytes_at(const char *file, int line, const void *got, size_t got_length, const void *wanted,
                 size_t wanted_length, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	bool same = got_length == wanted_length && memcmp(got, wanted, got_length) == 0;
	bool good = report(file, line, same, format, arguments);
	va_end(arguments);
	if (!good)
		printf("#      got: %zu bytes\n#   wanted: %zu bytes\n", got_length, wanted_length);
	return good;
}

int tap_done(void)
{
	printf("1..%u\n", count);
	if (failures > 0)
		printf("# %u of %u failed\n", failures, count);
	return failures > 0;
}
