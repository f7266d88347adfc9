/* What Jansson makes of a document.  In a file of its own, because its names and the scanner's clash. */
#ifndef TESTS_PROTO_JSON_ORACLE_H
#define TESTS_PROTO_JSON_ORACLE_H

#include <stdbool.h>
#include <stddef.h>

enum oracle_verdict {
	ORACLE_JSON,
	ORACLE_NOT_JSON,
	ORACLE_BEYOND /* well-formed, but more than Jansson can hold: no verdict */
};

/* Reads a document and remembers its tree until the next call. */
enum oracle_verdict oracle_read(const char *bytes, size_t length);

/* Whether the remembered tree has at this path the very value these bytes say; length 0: nothing. */
bool oracle_agrees(const char *path, const char *bytes, size_t length);

/* Whether these bytes are a string that reads so. */
bool oracle_is_string(const char *bytes, size_t length, const char *text);

void oracle_free(void);

#endif
