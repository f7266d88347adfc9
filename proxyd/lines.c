#include "lines.h"

#include <string.h>

void lines_start(struct lines *lines, const struct api_client *client, sse_emit *emit, void *arg)
{
	memset((char *)lines + sizeof(lines->tally), 0, sizeof(*lines) - sizeof(lines->tally));
	tally_start(&lines->tally, client->shape);
	lines->client = client;
	lines->emit = emit;
	lines->arg = arg;
}

void lines_free(struct lines *lines)
{
	hold_free(&lines->held);
}

static void emit(struct lines *lines, const char *bytes, size_t length)
{
	if (lines->held.length > 0)
		lines->emit(lines->arg, lines->held.bytes, lines->held.length);
	lines->held.length = 0;
	if (length > 0)
		lines->emit(lines->arg, bytes, length);
}

static void read_line(struct lines *lines, const char *bytes, size_t length)
{
	if (!lines->in_line)
		tally_object_start(&lines->tally);
	lines->in_line = true;
	tally_feed(&lines->tally, bytes, length);
}

static void end_line(struct lines *lines)
{
	if (lines->in_line)
		tally_object_end(&lines->tally);
	lines->in_line = lines->too_long = false;
}

static void read_lines(struct lines *lines, const char *at, const char *limit)
{
	while (at < limit) {
		const char *end = memchr(at, '\n', (size_t)(limit - at));
		const char *stop = end ? end : limit;
		if (stop > at)
			read_line(lines, at, (size_t)(stop - at));
		if (end)
			end_line(lines);
		at = end ? end + 1 : limit;
	}
}

void lines_feed(struct lines *lines, const char *bytes, size_t length)
{
	const char *last_end = memrchr(bytes, '\n', length);
	size_t whole = last_end ? (size_t)(last_end + 1 - bytes) : 0;
	read_lines(lines, bytes, bytes + length);
	if (whole > 0)
		emit(lines, bytes, whole);
	if (!lines->too_long)
		lines->too_long = !hold_put(&lines->held, bytes + whole, length - whole);
	if (lines->too_long)
		emit(lines, bytes + whole, length - whole);
}

/* The last line may lack its end.  Half of one goes no further. */
bool lines_end(struct lines *lines, enum problem problem)
{
	char text[API_ERROR_MAX];
	bool whole = lines->in_line && tally_object_end(&lines->tally) == TALLY_SEEN;
	bool told = lines->tally.done || lines->tally.failed;
	if (whole || told)
		emit(lines, "", 0);
	if (told)
		return !lines->tally.failed;
	lines->held.length = 0;
	if (whole || lines->too_long)
		emit(lines, "\n", 1);
	emit(lines, text, api_error_event(lines->client, problem_error(problem), 0, text, sizeof(text)));
	lines->tally.failed = true;
	return false;
}
