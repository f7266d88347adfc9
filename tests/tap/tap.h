/* Test Anything Protocol for tests in C.  Each test program: plan_none(), checks, return tap_done(). */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One check; format names it.  Returns `good`. */
bool ok_at(const char *file, int line, bool good, const char *format, ...) __attribute__((format(printf, 4, 5)));
bool is_int_at(const char *file, int line, long long got, long long wanted, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
bool is_text_at(const char *file, int line, const char *got, const char *wanted, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
bool is_bytes_at(const char *file, int line, const void *got, size_t got_length, const void *wanted,
                 size_t wanted_length, const char *format, ...) __attribute__((format(printf, 7, 8)));

#define ok(...) ok_at(__FILE__, __LINE__, __VA_ARGS__)
#define is_int(...) is_int_at(__FILE__, __LINE__, __VA_ARGS__)
#define is_text(...) is_text_at(__FILE__, __LINE__, __VA_ARGS__)
#define is_bytes(...) is_bytes_at(__FILE__, __LINE__, __VA_ARGS__)

/* Prints the plan; 0 when every check passed, else 1. */
int tap_done(void);

#endif
