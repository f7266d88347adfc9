#include "../../proxyd/sse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tap/tap.h"

#define CHUNK "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"H\xc3\xa9\"}}]}\n\n"
#define USAGE "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":26,\"completion_tokens\":2,\"total_tokens\":28}}\n\n"
#define DONE "data: [DONE]\n\n"
#define FAILURE "data: {\"error\":{\"message\":\"out of memory\",\"type\":\"server_error\"}}\n\n"
#define HIDDEN "error: {\"code\":500,\"message\":\"slot\"}\n\n"

static char got[512 * 1024];
static size_t got_length;

static void collect(void *arg, const char *bytes, size_t length)
{
	(void)arg;
	memcpy(got + got_length, bytes, length);
	got_length += length;
}

static struct api_client client = {DIALECT_OPENAI, SHAPE_CHAT, (const uint8_t *)"0123456789abcdef"};

struct outcome {
	bool complete, done, failed, counted;
	uint64_t chunks, tokens_in, tokens_out;
};

/* Feeds the stream in pieces of `first`, then `step` bytes. */
static struct outcome run(const char *stream, size_t length, bool strip, size_t first, size_t step)
{
	struct sse sse;
	got_length = 0;
	sse_start(&sse, &client, strip, collect, NULL);
	for (size_t at = 0, size = first; at < length; at += size, size = step) {
		size = size < length - at ? size : length - at;
		char *piece = malloc(size + 1); /* exact, so that a sanitizer sees a read too far */
		memcpy(piece, stream + at, size);
		sse_feed(&sse, piece, size);
		free(piece);
	}
	bool complete = sse_end(&sse, PROBLEM_UNFINISHED);
	sse_free(&sse);
	const struct tally *tally = &sse.tally;
	return (struct outcome){complete,      tally->done,      tally->failed,    tally->counted,
	                        tally->chunks, tally->tokens_in, tally->tokens_out};
}

static bool same(struct outcome outcome, bool complete, const char *wanted)
{
	return outcome.complete == complete && got_length == strlen(wanted) && memcmp(got, wanted, got_length) == 0;
}

/* The stream in one piece, in every two pieces, and byte by byte. */
static void check(const char *name, const char *stream, bool strip, bool complete, const char *wanted)
{
	size_t length = strlen(stream), bad = 0;
	for (size_t first = 0; first <= length; first++)
		bad += !same(run(stream, length, strip, first ? first : length, length), complete, wanted);
	is_int((long long)bad, 0, "%s: whole and in every two pieces", name);
	ok(same(run(stream, length, strip, 1, 1), complete, wanted), "%s: byte by byte", name);
	is_bytes(got, got_length, wanted, strlen(wanted), "%s: bytes", name);
}

/* The same with every line end as CRLF and as CR. */
static char *with_line_ends(const char *text, const char *end)
{
	char *copy = calloc(2, strlen(text) + 1), *to = copy;
	for (; *text; text++)
		to = *text == '\n' ? stpcpy(to, end) : stpncpy(to, text, 1);
	return copy;
}

static void check_line_ends(const char *name, const char *stream, bool strip, const char *wanted)
{
	static const char *const ends[] = {"\r\n", "\r"};
	for (size_t i = 0; i < 2; i++) {
		char *in = with_line_ends(stream, ends[i]);
		char *out = with_line_ends(wanted, ends[i]);
		check(name, in, strip, true, out);
		free(in);
		free(out);
	}
}

static char *event_after(uint64_t sequence, enum problem problem)
{
	static char texts[4][API_ERROR_MAX];
	static unsigned next;
	char *text = texts[next++ % 4];
	api_error_event(&client, problem_error(problem), sequence, text, API_ERROR_MAX);
	return text;
}

static char *event(enum problem problem)
{
	return event_after(0, problem);
}

static const char *joined(const char *first, const char *second, const char *third)
{
	static char text[8192];
	snprintf(text, sizeof(text), "%s%s%s", first, second, third);
	return text;
}

static void untouched(void)
{
	check("plain", CHUNK CHUNK USAGE DONE, false, true, CHUNK CHUNK USAGE DONE);
	check_line_ends("plain, other line ends", CHUNK USAGE DONE, false, CHUNK USAGE DONE);
	check("comments and ids", ":\n\nid: 7\n" CHUNK ": keep-alive\n\n" DONE, false, true,
	      ":\n\nid: 7\n" CHUNK ": keep-alive\n\n" DONE);
	check("no space after the colon", "data:{\"choices\":[{}]}\n\ndata:[DONE]\n\n", false, true,
	      "data:{\"choices\":[{}]}\n\ndata:[DONE]\n\n");
	check("done without a line end", CHUNK "data: [DONE]", false, true, CHUNK "data: [DONE]");
	check("done without a line end, held", CHUNK "data: [DONE]", true, true, CHUNK "data: [DONE]");
	check("bytes after done", CHUNK DONE "x", false, true, CHUNK DONE "x");
}

static void stripping(void)
{
	check("strip", CHUNK USAGE DONE, true, true, CHUNK DONE);
	check("strip at the front", USAGE CHUNK DONE, true, true, CHUNK DONE);
	check("strip twice", CHUNK USAGE USAGE DONE, true, true, CHUNK DONE);
	check("strip with a comment", CHUNK ": c\n" USAGE DONE, true, true, CHUNK DONE);
	check_line_ends("strip, other line ends", CHUNK USAGE CHUNK DONE, true, CHUNK CHUNK DONE);
	check("strip leaves chunks with usage", "data: {\"usage\":{\"prompt_tokens\":1},\"choices\":[{}]}\n\n" DONE, true,
	      true, "data: {\"usage\":{\"prompt_tokens\":1},\"choices\":[{}]}\n\n" DONE);
	check("strip leaves empty choices", "data: {\"choices\":[],\"usage\":null}\n\n" DONE, true, true,
	      "data: {\"choices\":[],\"usage\":null}\n\n" DONE);
	check("data in two lines", "data: {\"choices\":[ ],\ndata: \"usage\":{\"prompt_tokens\":1}}\n\n" DONE, true, true,
	      DONE);
}

static void cut_short(void)
{
	const char *error = event(PROBLEM_UNFINISHED);
	check("ends between events", CHUNK, false, false, joined(CHUNK, error, ""));
	check("ends between events, held", CHUNK, true, false, joined(CHUNK, error, ""));
	check("ends before anything", "", false, false, error);
	check("ends inside a line", CHUNK "data: {\"cho", false, false, joined(CHUNK "data: {\"cho", "\n\n", error));
	check("ends inside a held line", CHUNK "data: {\"cho", true, false, joined(CHUNK, error, ""));
	check("ends after a line", CHUNK "data: {}\n", false, false, joined(CHUNK "data: {}\n", "\n\n", error));
	check("done in another place", "data: [DONE]x\n\n", false, false, joined("data: [DONE]x\n\n", error, ""));
	check("done as a comment", ": [DONE]\n\n", false, false, joined(": [DONE]\n\n", error, ""));
	check("usage and no done", CHUNK USAGE, true, false, joined(CHUNK, error, ""));
}

static void told_of_errors(void)
{
	const char *reported = event(PROBLEM_REPORTED);
	check("error and no done", CHUNK FAILURE, false, false, CHUNK FAILURE);
	check("error and done", CHUNK FAILURE DONE, true, false, CHUNK FAILURE DONE);
	check("error event", "event: error\n" FAILURE, false, false, "event: error\n" FAILURE);
	check("null is no error", "data: {\"error\":null}\n\n" DONE, false, true, "data: {\"error\":null}\n\n" DONE);
	check("an inner error is none", "data: {\"choices\":[{\"error\":{}}]}\n\n" DONE, false, true,
	      "data: {\"choices\":[{\"error\":{}}]}\n\n" DONE);
	check("hidden error", CHUNK HIDDEN DONE, false, false, joined(CHUNK HIDDEN, reported, DONE));
	check("hidden error, held", CHUNK HIDDEN DONE, true, false, joined(CHUNK HIDDEN, reported, DONE));
	check("errors: is no error:", "errors: x\n\n" DONE, false, true, "errors: x\n\n" DONE);
}

static void counting(void)
{
	struct outcome outcome = run(CHUNK CHUNK USAGE DONE, strlen(CHUNK CHUNK USAGE DONE), false, 5, 7);
	is_int((long long)outcome.chunks, 2, "chunks with content are counted");
	ok(outcome.counted, "usage is known");
	is_int((long long)outcome.tokens_in, 26, "tokens in");
	is_int((long long)outcome.tokens_out, 2, "tokens out");
	outcome = run(CHUNK DONE, strlen(CHUNK DONE), false, 5, 7);
	ok(!outcome.counted && outcome.done && !outcome.failed, "no usage, done, no failure");
}

/* One event of `size` bytes of content, then the end. */
static char *long_stream(size_t size)
{
	char *stream = malloc(size + 256), *to = stpcpy(stream, "data: {\"choices\":[{\"x\":\"");
	memset(to, 'a', size);
	memcpy(to + size, "\"}]}\n\n" USAGE DONE, sizeof("\"}]}\n\n" USAGE DONE));
	return stream;
}

static void too_long_to_hold(void)
{
	char *stream = long_stream(3 * HOLD_MAX);
	size_t length = strlen(stream);
	struct outcome outcome = run(stream, length, true, 1000, 16384);
	ok(outcome.complete, "a long event is let through");
	is_int((long long)got_length, (long long)(length - strlen(USAGE)),
	       "and the usage chunk after it is still stripped");
	ok(memcmp(got, stream, length - strlen(USAGE DONE)) == 0, "and it is as it came");
	free(stream);
}

#define DELTA "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"x\"}\n\n"
#define COMPLETED \
	"event: response.completed\ndata: " \
	"{\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":3}}}\n\n"
#define TOLD "event: error\ndata: {\"type\":\"error\",\"message\":\"x\"}\n\n"
#define FAILED "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{}}\n\n"

static void responses(void)
{
	client = (struct api_client){DIALECT_OPENAI, SHAPE_RESPONSE, client.request_id};
	const char *two = event_after(2, PROBLEM_UNFINISHED), *one = event_after(1, PROBLEM_REPORTED);
	check("a response", DELTA COMPLETED, false, true, DELTA COMPLETED);
	check("a response cut off", DELTA DELTA, false, false, joined(DELTA DELTA, two, ""));
	check("a response of which only an error tells", TOLD, false, false, joined(TOLD, one, ""));
	check("a response that failed", DELTA FAILED, false, false, DELTA FAILED);
	check("a response has no [DONE]", DELTA DONE, false, false, joined(DELTA DONE, two, ""));
}

#define BLOCK "event: content_block_delta\ndata: {\"type\":\"content_block_delta\"}\n\n"
#define STOP "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"

static void messages(void)
{
	client = (struct api_client){DIALECT_ANTHROPIC, SHAPE_MESSAGE, client.request_id};
	const char *error = event(PROBLEM_UNFINISHED);
	check("a message", BLOCK STOP, false, true, BLOCK STOP);
	check("a message cut off", BLOCK, false, false, joined(BLOCK, error, ""));
	check("a message cut off inside", BLOCK "event: mess", false, false, joined(BLOCK "event: mess", "\n\n", error));
	check("a message with an error", BLOCK TOLD, false, false, BLOCK TOLD);
}

int main(void)
{
	untouched();
	stripping();
	cut_short();
	told_of_errors();
	counting();
	too_long_to_hold();
	responses();
	messages();
	return tap_done();
}
