#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../proxyd/lines.h"
#include "fuzz.h"
#include "sink.h"

static bool run(struct sink *sink, const uint8_t *data, size_t size, size_t piece)
{
	static const struct api_client client = {DIALECT_OLLAMA, SHAPE_LINES, (const uint8_t *)"0123456789abcdef"};
	static struct lines lines;
	lines_start(&lines, &client, sink_collect, sink);
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
	assert(sink_is_same(&parts, &whole));
	if (complete)
		assert(whole.length == size && memcmp(whole.bytes, data, size) == 0);
	else
		assert(whole.length > 0 && (whole.length == size || whole.bytes[whole.length - 1] == '\n'));
	free(whole.bytes);
	free(parts.bytes);
	return 0;
}
