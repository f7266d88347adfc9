/* What must hold of edge's HTTP parsers whatever bytes they are given, and however these arrive. */
#ifndef TESTS_EDGE_HTTP_PROPERTIES_H
#define TESTS_EDGE_HTTP_PROPERTIES_H

#include "../../edge/http_body.h"

enum {
	FEED_HEADERS = 16,
	FEED_HEAD_MAX = 16384,
	FEED_PAYLOAD_MAX = 4096, /* the largest limit a body may be decoded with here */
	FEED_BODY_LIMIT = 64
};

/* How bytes arrive: the first so many, then always so many more.  Every call sees a buffer of exactly the bytes
 * there are, so that a sanitizer sees a read past them. */
struct arrival {
	size_t first;
	size_t step; /* > 0 */
};

struct fed_head {
	enum http_result result;
	struct http_head head; /* its headers are the ones below */
	struct http_header headers[FEED_HEADERS];
};

struct fed_body {
	enum http_body_result result;
	uint16_t status; /* of a refusal, or 0 */
	size_t used;
	size_t length;
	char payload[FEED_PAYLOAD_MAX];
};

void http_feed_head(struct fed_head *fed, const char *bytes, size_t length, struct arrival arrival);
void http_feed_body(struct fed_body *fed, const struct http_head *head, uint64_t limit, const char *bytes,
                    size_t length, struct arrival arrival);

/* NULL when the bytes are judged as if they had come all at once, and what was accepted is sound; else what is wrong.
 */
const char *http_head_broken(const char *bytes, size_t length, struct arrival arrival);
const char *http_body_broken(const struct http_head *head, uint64_t limit, const char *bytes, size_t length,
                             struct arrival arrival);

/* The same for every arrival in two parts, and for one byte at a time: of a body behind `head`, or of a head when that
 * is NULL. */
const char *http_splits_broken(const struct http_head *head, const char *bytes, size_t length);

#endif
