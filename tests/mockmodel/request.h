/* Requests as HTTP/1.1 clients that mean well send them.  Pure; lenient on purpose, it is no server for strangers. */
#ifndef MOCKMODEL_REQUEST_H
#define MOCKMODEL_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"

struct request {
	char method[16];
	char path[1024]; /* without the query, not decoded */
	char query[256];
	char authorization[512];
	char content_type[256];
	char behaviour[256]; /* X-Mock-Fault */
	uint64_t length;     /* Content-Length */
	bool chunked;
	bool keep_alive;
	bool expects_continue;
};

/* Reads the head at the start of data (NUL-terminated at `length`).
 * Returns its length in bytes, 0 when there is more to come, -1 when it is no request. */
long request_read(struct request *request, const char *data, size_t length);

/*
 * Moves body bytes from the front of `in` into `body`.
 * Returns 1 when the body is complete, 0 when there is more to come, -1 when it makes no sense.
 */
int request_take_body(const struct request *request, struct bytes *in, struct bytes *body);

#endif
