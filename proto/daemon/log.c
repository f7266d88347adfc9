#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 2048, TEXT_SLOTS = 8, TEXT_SIZE = 320 };

static const char *program = "heimgate";
static enum log_level threshold = LOG_LEVEL_INFO;
static const char *const level_names[] = {"debug", "info", "warn", "error"};

/* What is opened later would take the place of one that is closed, and what is logged would go there. */
static void open_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			exit(EXIT_ENVIRONMENT);
}

void log_init(const char *name)
{
	program = name;
	open_standard_descriptors();
}

void log_level_set(enum log_level level)
{
	threshold = level;
}

int log_level_parse(const char *text)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(*level_names); i++)
		if (strcmp(text, level_names[i]) == 0)
			return (int)i;
	return -1;
}

/* The one place where bytes become harmless: everything but printable ASCII turns into \xNN. */
static size_t escape(char *to, size_t size, const char *from, const char *also)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;
	for (; *from && n + 4 < size; from++) {
		unsigned char c = (unsigned char)*from;
		if (c >= 0x20 && c < 0x7f && !strchr(also, c)) {
			to[n++] = (char)c;
			continue;
		}
		to[n++] = '\\';
		to[n++] = 'x';
		to[n++] = hex[c >> 4];
		to[n++] = hex[c & 15];
	}
	to[n] = '\0';
	return n;
}

static char *text_slot(void)
{
	static char slots[TEXT_SLOTS][TEXT_SIZE];
	static unsigned next;
	return slots[next++ % TEXT_SLOTS];
}

const char *log_text(const char *text)
{
	char *slot = text_slot();
	slot[0] = '"';
	size_t n = escape(slot + 1, TEXT_SIZE - 2, text, "\"\\");
	slot[n + 1] = '"';
	slot[n + 2] = '\0';
	return slot;
}

const char *log_request(const uint8_t *request_id)
{
	char *slot = text_slot();
	int n = snprintf(slot, TEXT_SIZE, "req_");
	for (size_t i = 0; i < 16; i++)
		n += snprintf(slot + n, TEXT_SIZE - (size_t)n, "%02x", request_id[i]);
	return slot;
}

static void stamp(char *text, size_t size)
{
	struct timespec now;
	struct tm utc;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	size_t n = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + n, size - n, ".%03ldZ", now.tv_nsec / 1000000);
}

static void __attribute__((format(printf, 3, 0)))
write_line(enum log_level level, const char *event, const char *format, va_list arguments)
{
	char raw[LINE_MAX_BYTES], safe[LINE_MAX_BYTES], line[LINE_MAX_BYTES + 128], when[40];
	if (level < threshold)
		return;
	vsnprintf(raw, sizeof(raw), format, arguments);
	escape(safe, sizeof(safe), raw, "");
	stamp(when, sizeof(when));
	int n = snprintf(line, sizeof(line), "%s %s %s event=%s%s%s\n", when, program, level_names[level], event,
	                 *safe ? " " : "", safe);
	/* One write per line, so that lines of several daemons never mix; nobody is left to tell if it fails. */
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return;
}

#define LOG_FUNCTION(name, level) \
	void name(const char *event, const char *format, ...) \
	{ \
		va_list arguments; \
		va_start(arguments, format); \
		write_line(level, event, format, arguments); \
		va_end(arguments); \
	}
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)

/* For people at a terminal: no time, no level, the plain sentence. */
static void __attribute__((format(printf, 1, 0))) tell(const char *format, va_list arguments, const char *reason)
{
	char raw[LINE_MAX_BYTES], safe[LINE_MAX_BYTES];
	vsnprintf(raw, sizeof(raw), format, arguments);
	escape(safe, sizeof(safe), raw, "");
	fprintf(stderr, "heimgate-%s: %s%s%s\n", program, safe, reason ? ": " : "", reason ? reason : "");
}

void fatal_usage(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	tell(format, arguments, NULL);
	va_end(arguments);
	exit(EXIT_USAGE);
}

void fatal(const char *format, ...)
{
	const char *reason = strerror(errno);
	va_list arguments;
	va_start(arguments, format);
	tell(format, arguments, reason);
	va_end(arguments);
	exit(EXIT_ENVIRONMENT);
}

void fatalx(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	tell(format, arguments, NULL);
	va_end(arguments);
	exit(EXIT_ENVIRONMENT);
}

void check_failed(const char *file, int line, const char *condition)
{
	log_error("check-failed", "file=%s line=%d condition=%s", file, line, log_text(condition));
	abort();
}
