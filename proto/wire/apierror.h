/*
 * Errors as clients of each dialect expect them:
 *
 *   OpenAI     {"error":{"message":...,"type":...,"param":...,"code":...}}, all four keys always there
 *   Anthropic  {"type":"error","error":{"type":...,"message":...},"request_id":"req_..."}
 *   Ollama     {"error":"..."}
 *
 * edge and proxyd both speak to clients, so both use this.
 */
#ifndef WIRE_APIERROR_H
#define WIRE_APIERROR_H

#include "stamp.h"

enum { API_ERROR_MAX = 3072 }; /* bytes of a rendered error, NUL included */

struct api_error {
	int status;          /* HTTP; Anthropic's types follow from it */
	const char *type;    /* OpenAI's: "invalid_request_error" */
	const char *code;    /* NULL: null */
	const char *param;   /* NULL: null */
	const char *message; /* any bytes: escaped, cut where that passes 1024 bytes, never inside a character */
};

/* Who is told. */
struct api_client {
	enum wire_dialect dialect;
	enum wire_shape shape;     /* of the stream, if one is under way */
	const uint8_t *request_id; /* REQUEST_ID_SIZE bytes */
};

/* type, code and param are treated like message, but cut at 128 bytes.
 * Renders the JSON into text[size]; returns its length without the NUL.
 * size is at least API_ERROR_MAX.  Bytes that are not UTF-8 become U+FFFD. */
size_t api_error_json(const struct api_client *client, const struct api_error *error, char *text, size_t size);

/*
 * Renders what tells of an error in a stream that has already begun, between two of its events or lines; as above.
 * sequence: how many events came before it, as far as that is known (shape RESPONSE alone has such numbers).
 */
size_t api_error_event(const struct api_client *client, const struct api_error *error, uint64_t sequence, char *text,
                       size_t size);

#endif
