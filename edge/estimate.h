/* What a request may cost, in tokens, judged before anybody has counted them. */
#ifndef EDGE_ESTIMATE_H
#define EDGE_ESTIMATE_H

#include <stdint.h>

#include "../proto/wire/stamp.h"

enum {
	ESTIMATE_BYTES_PER_TOKEN = 4,
	ESTIMATE_MAXIMUM_FACTOR = 16 /* a larger max_tokens than this many default completions is not believed */
};

struct estimate {
	enum wire_route route;
	uint64_t prompt_bytes;       /* of the body, if it is text */
	int64_t max_tokens;          /* of one answer; -1: not given, or no sensible number */
	int64_t choices;             /* "n"; likewise */
	uint64_t completion_default; /* tokens of an answer whose request names no maximum */
};

/* Tokens to reserve; UINT64_MAX when the sum is beyond all reason. */
uint64_t estimate_tokens(const struct estimate *estimate);

#endif
