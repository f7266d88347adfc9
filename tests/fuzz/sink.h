/* What a stream said on its way to the client. */
#ifndef TESTS_FUZZ_SINK_H
#define TESTS_FUZZ_SINK_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialised it is empty; free(bytes) at the end. */
struct sink {
	char *bytes;
	size_t length;
};

/* Takes in more; `arg` is the sink. */
void sink_collect(void *arg, const char *bytes, size_t length);

bool sink_is_same(const struct sink *a, const struct sink *b);

#endif
