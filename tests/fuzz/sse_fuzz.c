#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../proxyd/sse.h"
#include "fuzz.h"
#include "sink.h"

/* Of a stream of that shape in pieces of that size: whether it was complete. */
static bool run(struct sink *sink, const uint8_t *data, size_t size, enum wire_shape shape, size_t piece)
{
	static struct sse sse;
	const struct api_client client = {
		.dialect = shape == SHAPE_MESSAGE ? DIALECT_ANTHROPIC : DIALECT_OPENAI,
		.shape = shape,
		.request_id = (const uint8_t *)"0123456789abcdef",
	};
	sse_start(&sse, &client, false, sink_collect, sink);
	for (size_t at = 0; at < size; at += piece)
		sse_feed(&sse, (const char *)data + at, piece < size - at ? piece : size - at);
	bool complete = sse_end(&sse, PROBLEM_UNFINISHED);
	sse_free(&sse);
	return complete;
}

/* The first byte chooses the shape.  A complete stream passes as it is; of any other everything but an error line that
 * clients overlook passes first. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum wire_shape shapes[] = {SHAPE_CHAT, SHAPE_RESPONSE, SHAPE_MEDIA, SHAPE_MESSAGE};
	struct sink whole = {0}, parts = {0};
	if (size == 0)
		return 0;
	enum wire_shape shape = shapes[data[0] % 4];
	data++;
	size--;
	bool complete = run(&whole, data, size, shape, size + 1);
	assert(run(&parts, data, size, shape, 5) == complete);
	assert(sink_is_same(&parts, &whole));
	assert(whole.length >= size && (!complete || whole.length == size));
	if (!memmem(data, size, "error:", strlen("error:")))
		assert(size == 0 || memcmp(whole.bytes, data, size) == 0);
	free(whole.bytes);
	free(parts.bytes);
	return 0;
}
