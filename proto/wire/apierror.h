/*
 * Errors as OpenAI's clients expect them:
 * {"error":{"message":...,"type":...,"param":...,"code":...}}, all four keys
 * always there.  edge and proxyd both speak to clients, so both use this.
 */
#ifndef WIRE_APIERROR_H
#define WIRE_APIERROR_H

#include <stddef.h>

enum { API_ERROR_MAX = 1536 }; /* bytes of a rendered error, NUL included */

struct api_error {
	int status;          /* HTTP */
	const char *type;    /* "invalid_request_error" */
	const char *code;    /* NULL: null */
	const char *param;   /* NULL: null */
	const char *message; /* any bytes: escaped, cut where that passes 1024 bytes, never inside a character */
};

/* type, code and param are treated like message, but cut at 128 bytes.
 * Renders the JSON into text[size]; returns its length without the NUL.
 * size is at least API_ERROR_MAX.  Bytes that are not UTF-8 become U+FFFD. */
size_t api_error_json(const struct api_error *error, char *text, size_t size);

/* Renders "data: {...}\n\n" for a stream that has already begun; as above. */
size_t api_error_event(const struct api_error *error, char *text, size_t size);

#endif
