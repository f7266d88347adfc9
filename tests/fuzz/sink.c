#include "sink.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void sink_collect(void *arg, const char *bytes, size_t length)
{
	struct sink *sink = arg;
	sink->bytes = realloc(sink->bytes, sink->length + length + 1);
	assert(sink->bytes);
	memcpy(sink->bytes + sink->length, bytes, length);
	sink->length += length;
}

bool sink_is_same(const struct sink *a, const struct sink *b)
{
	return a->length == b->length && (a->length == 0 || memcmp(a->bytes, b->bytes, a->length) == 0);
}
