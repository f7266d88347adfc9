#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../proxyd/lines.h"
#include "fuzz.h"

/* What went to the client. */
struct sink {
	char *bytes;
	size_t length;
};

static void collect(void *arg, const char *bytes, size_t length)
{
	struct sink *sink = arg;
	sink->bytes = realloc(sink->bytes, sink->length + length + 1);
	assert(sink->bytes);
	memcpy(sink->bytes + sink->length, bytes, length);
	sink->length += length;
}

static bool run(struct sink *sink, const uint8_t *data, size_t size, size_t piece)
{
	static const struct api_client client = {DIALECT_OLLAMA, SHAPE_LINES, (const uint8_t *)"0123456789abcdef"};
	static struct lines lines;
	lines_start(&lines, &client, collect, sink);
	for (size_t at = 0; at < size; at += piece)
		lines_feed(&lines, (const char *)data + at, piece < size - at ? piece : size - at);
	bool complete = lines_end(&lines, PROBLEM_UNFINISHED);
	lines_free(&lines);
	return complete;
}

/* A complete stream passes as it is; another's whole lines do, and what is added is one line more. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sink whole = {0}, parts = {0};
	bool complete = run(&whole, data, size, size + 1);
	assert(run(&parts, data, size, 7) == complete);
	assert(parts.length == whole.length && (whole.length == 0 || memcmp(parts.bytes, whole.bytes, whole.length) == 0));
	if (complete)
		assert(whole.length == size && memcmp(whole.bytes, data, size) == 0);
	else
		assert(whole.length > 0 && (whole.length == size || whole.bytes[whole.length - 1] == '\n'));
	free(whole.bytes);
	free(parts.bytes);
	return 0;
}
