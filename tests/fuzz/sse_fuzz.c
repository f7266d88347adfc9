#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../proxyd/sse.h"
#include "fuzz.h"
#include "sink.h"

/* The chunk that has nothing but usage is to go, or not. */
struct way {
	enum wire_shape shape;
	bool strip;
};

/* Of a stream in pieces of that size: whether it was complete. */
static bool run(struct sink *sink, const uint8_t *data, size_t size, struct way way, size_t piece)
{
	static struct sse sse;
	const struct api_client client = {
		.dialect = way.shape == SHAPE_MESSAGE ? DIALECT_ANTHROPIC : DIALECT_OPENAI,
		.shape = way.shape,
		.request_id = (const uint8_t *)"0123456789abcdef",
	};
	sse_start(&sse, &client, way.strip, sink_collect, sink);
	for (size_t at = 0; at < size; at += piece)
		sse_feed(&sse, (const char *)data + at, piece < size - at ? piece : size - at);
	bool complete = sse_end(&sse, PROBLEM_UNFINISHED);
	sse_free(&sse);
	return complete;
}

static bool is_subsequence(const struct sink *sink, const uint8_t *data, size_t size)
{
	size_t found = 0;
	for (size_t i = 0; i < size && found < sink->length; i++)
		found += (uint8_t)sink->bytes[found] == data[i];
	return found == sink->length;
}

/* A complete stream passes as it is; of any other everything but an error line that clients overlook passes first. */
static void judge_whole(const struct sink *whole, bool complete, const uint8_t *data, size_t size)
{
	assert(whole->length >= size && (!complete || whole->length == size));
	if (!memmem(data, size, "error:", strlen("error:")))
		assert(size == 0 || memcmp(whole->bytes, data, size) == 0);
}

/* The first byte chooses the shape, and whether to strip.  Of a stripped stream nothing is added. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum wire_shape shapes[] = {SHAPE_CHAT, SHAPE_RESPONSE, SHAPE_MEDIA, SHAPE_MESSAGE};
	struct sink whole = {0}, parts = {0};
	if (size == 0)
		return 0;
	const struct way way = {.shape = shapes[data[0] % 4], .strip = data[0] & 4};
	data++;
	size--;
	bool complete = run(&whole, data, size, way, size + 1);
	assert(run(&parts, data, size, way, 5) == complete);
	assert(sink_is_same(&parts, &whole));
	if (!way.strip)
		judge_whole(&whole, complete, data, size);
	else if (complete)
		assert(is_subsequence(&whole, data, size));
	free(whole.bytes);
	free(parts.bytes);
	return 0;
}
