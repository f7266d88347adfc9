/*
 * Log lines on stderr: one line, `time program level event=... key=value`.
 * Control characters and bytes that are not printable ASCII are escaped here
 * and nowhere else.  Secrets are never passed.
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/* Name shown in each line ("edge"); logs at info until log_level_set.  The first thing that a program does: standard
 * descriptors that are closed are opened on /dev/null. */
void log_init(const char *name);
void log_level_set(enum log_level level);

/* "debug", "info", "warn", "error" -> level; -1 for any other text. */
int log_level_parse(const char *text);

/* event is a word in kebab-case; format yields "key=value key=value", or "". */
void log_debug(const char *event, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_info(const char *event, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warn(const char *event, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_error(const char *event, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An untrusted string as a quoted value, escaped.  Valid until the eighth later call. */
const char *log_text(const char *text);

/* A request id as "req_" and 32 hex digits.  Valid until the eighth later call. */
const char *log_request(const uint8_t *request_id);

/* Prints "heimgate-edge: message" for a person and ends the process: EXIT_USAGE for a mistake in the
 * invocation or configuration, EXIT_ENVIRONMENT for something missing on the machine. */
enum { EXIT_USAGE = 100, EXIT_ENVIRONMENT = 111 };
_Noreturn void fatal_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2))); /* adds strerror(errno) */
_Noreturn void fatalx(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A broken invariant of our own: abort. */
#define CHECK(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))
_Noreturn void check_failed(const char *file, int line, const char *condition);

#endif
