/*
 * What a model server says that a request used: the "usage" object of a JSON
 * answer or of a stream's chunk.
 */
#ifndef PROXYD_USAGE_H
#define PROXYD_USAGE_H

#include "../proto/wire/json.h"

/* The paths to want, first and in this order, in a scan given to usage_read(). */
#define USAGE_PATHS "usage.prompt_tokens", "usage.completion_tokens", "usage.total_tokens"

enum { USAGE_PATH_COUNT = 3 };

struct usage {
	bool known; /* false: the server did not say */
	uint64_t tokens_in;
	uint64_t tokens_out;
};

/* Fills *usage from a finished scan, or leaves it alone when there is no usage in it.
 * Embeddings have no completion tokens; a missing number follows from the total. */
void usage_read(const struct json_scan *scan, struct usage *usage);

/* A whole JSON answer on its way to the client. */
struct usage_scan {
	struct json_scan json;
};

void usage_start(struct usage_scan *scan);
void usage_feed(struct usage_scan *scan, const char *bytes, size_t length);

/* No more bytes: fills *usage if the answer said it.  False when the answer is JSON that stops too early. */
bool usage_end(struct usage_scan *scan, struct usage *usage);

#endif
