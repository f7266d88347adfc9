#include "../../proxyd/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tap/tap.h"

#define LINE "{\"message\":{\"content\":\"H\xc3\xa9\"},\"done\":false}\n"
#define DONE "{\"done\":true,\"prompt_eval_count\":26,\"eval_count\":2}\n"
#define FAILURE "{\"error\":\"out of memory\"}\n"

static char got[512 * 1024];
static size_t got_length;
static const struct api_client client = {DIALECT_OLLAMA, SHAPE_LINES, (const uint8_t *)"0123456789abcdef"};

static void collect(void *arg, const char *bytes, size_t length)
{
	(void)arg;
	memcpy(got + got_length, bytes, length);
	got_length += length;
}

/* Feeds the stream in pieces of `first`, then `step` bytes. */
static bool run(struct lines *lines, const char *stream, size_t length, size_t first, size_t step)
{
	got_length = 0;
	lines_start(lines, &client, collect, NULL);
	for (size_t at = 0, size = first; at < length; at += size, size = step) {
		size = size < length - at ? size : length - at;
		char *piece = malloc(size + 1); /* exact, so that a sanitizer sees a read too far */
		memcpy(piece, stream + at, size);
		lines_feed(lines, piece, size);
		free(piece);
	}
	bool complete = lines_end(lines, PROBLEM_UNFINISHED);
	lines_free(lines);
	return complete;
}

/* The stream in one piece, in every two pieces, and byte by byte. */
static void check(const char *name, const char *stream, bool complete, const char *wanted)
{
	struct lines lines;
	size_t length = strlen(stream), bad = 0;
	for (size_t first = 0; first <= length; first++) {
		bad += run(&lines, stream, length, first ? first : length, length) != complete;
		bad += got_length != strlen(wanted) || memcmp(got, wanted, got_length) != 0;
	}
	is_int((long long)bad, 0, "%s: whole and in every two pieces", name);
	is_int(run(&lines, stream, length, 1, 1), complete, "%s: byte by byte", name);
	is_bytes(got, got_length, wanted, strlen(wanted), "%s: bytes", name);
}

static const char *with_error(const char *stream)
{
	static char text[2][4096];
	static unsigned next;
	char *to = text[next++ % 2];
	char *end = stpcpy(to, stream);
	api_error_event(&client, problem_error(PROBLEM_UNFINISHED), 0, end, API_ERROR_MAX);
	return to;
}

static void counting(void)
{
	struct lines lines;
	run(&lines, LINE LINE DONE, strlen(LINE LINE DONE), 5, 7);
	ok(lines.tally.counted && lines.tally.tokens_in == 26 && lines.tally.tokens_out == 2, "the usage is known");
	is_int((long long)lines.tally.chunks, 2, "lines with content are counted");
}

static void too_long_to_hold(void)
{
	size_t size = 3 * HOLD_MAX;
	char *stream = malloc(size + 256);
	struct lines lines;
	memset(stream, 'a', size);
	memcpy(stream, "{\"x\":\"", 6);
	memcpy(stream + size, "\"}\n" DONE, sizeof("\"}\n" DONE));
	ok(run(&lines, stream, strlen(stream), 1000, 16384), "a long line is let through");
	is_bytes(got, got_length, stream, strlen(stream), "as it came");
	stream[size] = '\0';
	ok(!run(&lines, stream, size, 1000, 16384), "a long line that is cut off");
	ok(got_length > size && memcmp(got + size, "\n{\"error\":", 10) == 0, "ends, so that the error has its own");
	free(stream);
}

int main(void)
{
	check("plain", LINE LINE DONE, true, LINE LINE DONE);
	check("no last line end", LINE "{\"done\":true}", true, LINE "{\"done\":true}");
	check("empty lines", "\n" LINE "\n\n" DONE "\n", true, "\n" LINE "\n\n" DONE "\n");
	check("lines with CRLF", "{\"done\":false}\r\n{\"done\":true}\r\n", true,
	      "{\"done\":false}\r\n{\"done\":true}\r\n");
	check("bytes after the end", DONE "x", true, DONE "x");
	check("an error of its own", LINE FAILURE, false, LINE FAILURE);
	check("ends between lines", LINE, false, with_error(LINE));
	check("ends before anything", "", false, with_error(""));
	check("ends inside a line", LINE "{\"done\":tr", false, with_error(LINE));
	check("ends after a line without end", LINE "{\"done\":false}", false, with_error(LINE "{\"done\":false}\n"));
	check("done is not a word", "{\"done\":\"true\"}\n", false, with_error("{\"done\":\"true\"}\n"));
	check("an inner done is none", "{\"x\":{\"done\":true}}\n", false, with_error("{\"x\":{\"done\":true}}\n"));
	check("no JSON", "oops\n" DONE, true, "oops\n" DONE);
	counting();
	too_long_to_hold();
	return tap_done();
}
