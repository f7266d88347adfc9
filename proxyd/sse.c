#include "sse.h"

#include <string.h>

#define DONE "[DONE]"

/* What the bytes at hand are part of. */
enum field { FIELD_NAME, FIELD_SPACE, FIELD_DATA, FIELD_OTHER };

/* Bytes of one sse_feed() that are not emitted yet: those up to `passed` may go, the rest is an event in progress. */
struct piece {
	const char *start, *passed, *at, *limit;
};

void sse_start(struct sse *sse, const struct api_client *client, bool strip, sse_emit *emit, void *arg)
{
	memset((char *)sse + sizeof(sse->tally), 0, sizeof(*sse) - sizeof(sse->tally));
	tally_start(&sse->tally, client->shape);
	sse->client = client;
	sse->emit = emit;
	sse->arg = arg;
	sse->strip = strip;
}

void sse_free(struct sse *sse)
{
	hold_free(&sse->held);
}

static void emit_held(struct sse *sse)
{
	if (sse->held.length > 0)
		sse->emit(sse->arg, sse->held.bytes, sse->held.length);
	sse->held.length = 0;
}

/* Emits everything up to `to`, what was held from earlier pieces first. */
static void emit_up_to(struct sse *sse, struct piece *piece, const char *to)
{
	emit_held(sse);
	if (to > piece->start)
		sse->emit(sse->arg, piece->start, (size_t)(to - piece->start));
	piece->start = piece->passed = to;
}

/* Emits what has passed and drops the rest up to `to`. */
static void drop_up_to(struct sse *sse, struct piece *piece, const char *to)
{
	emit_up_to(sse, piece, piece->passed);
	piece->start = to;
}

static void emit_problem(struct sse *sse, enum problem problem)
{
	char text[API_ERROR_MAX];
	size_t length = api_error_event(sse->client, problem_error(problem), sse->tally.objects, text, sizeof(text));
	sse->emit(sse->arg, text, length);
	sse->tally.failed = true;
}

/* --- events --- */

/* A blank line was read: the event up to piece->at is whole. */
static void end_event(struct sse *sse, struct piece *piece)
{
	bool is_usage = sse->has_data && tally_object_end(&sse->tally) == TALLY_USAGE;
	sse->stripped = is_usage && sse->strip && !sse->too_long;
	if (sse->stripped) {
		sse->held.length = 0;
		drop_up_to(sse, piece, piece->at);
	}
	piece->passed = piece->at;
	if (sse->held.length > 0 || sse->hides_error)
		emit_up_to(sse, piece, piece->at);
	if (sse->hides_error)
		emit_problem(sse, PROBLEM_REPORTED);
	sse->in_event = sse->has_data = sse->hides_error = sse->too_long = false;
}

/* --- lines --- */

static void start_line(struct sse *sse)
{
	sse->field = FIELD_NAME;
	sse->name_length = sse->head_length = 0;
}

static void end_name(struct sse *sse)
{
	bool data = sse->name_length == 4 && memcmp(sse->name, "data", 4) == 0;
	if (sse->name_length == 5 && memcmp(sse->name, "error", 5) == 0)
		sse->hides_error = true;
	sse->field = data ? FIELD_SPACE : FIELD_OTHER;
	if (!data)
		return;
	if (!sse->has_data)
		tally_object_start(&sse->tally);
	else
		tally_feed(&sse->tally, "\n", 1);
	sse->has_data = true;
}

/* Responses and messages end otherwise, and their clients wait for that. */
static bool ends_with_done(const struct sse *sse)
{
	return sse->tally.shape != SHAPE_RESPONSE && sse->tally.shape != SHAPE_MESSAGE;
}

static void judge_line(struct sse *sse)
{
	bool done =
		sse->field == FIELD_DATA && sse->head_length == strlen(DONE) && memcmp(sse->head, DONE, strlen(DONE)) == 0;
	if (done && ends_with_done(sse))
		sse->tally.done = true;
}

static void end_line(struct sse *sse, struct piece *piece)
{
	bool blank = sse->field == FIELD_NAME && sse->name_length == 0;
	judge_line(sse);
	start_line(sse);
	if (blank)
		end_event(sse, piece);
	else
		sse->in_event = true;
}

/* The second half of a CRLF belongs to whatever its first half ended. */
static void skip_line_feed(struct sse *sse, struct piece *piece)
{
	piece->at++;
	if (sse->in_event)
		return;
	if (sse->stripped)
		drop_up_to(sse, piece, piece->at);
	piece->passed = piece->at;
}

static void read_line_end(struct sse *sse, struct piece *piece)
{
	char byte = *piece->at;
	if (byte == '\n' && sse->after_cr) {
		sse->after_cr = false;
		skip_line_feed(sse, piece);
		return;
	}
	sse->after_cr = byte == '\r';
	piece->at++;
	end_line(sse, piece);
}

/* --- bytes --- */

static void read_name(struct sse *sse, char byte)
{
	if (byte == ':')
		end_name(sse);
	else if (sse->name_length < sizeof(sse->name))
		sse->name[sse->name_length++] = byte;
}

static size_t bytes_to_line_end(const char *bytes, size_t length)
{
	const char *end = memchr(bytes, '\n', length);
	if (end)
		length = (size_t)(end - bytes);
	end = memchr(bytes, '\r', length);
	return end ? (size_t)(end - bytes) : length;
}

static void read_data(struct sse *sse, const char *bytes, size_t length)
{
	size_t room = sizeof(sse->head) - sse->head_length;
	size_t kept = length < room ? length : room;
	memcpy(sse->head + sse->head_length, bytes, kept);
	sse->head_length = (uint8_t)(sse->head_length + kept);
	tally_feed(&sse->tally, bytes, length);
}

/* Consumes bytes that end no line, as many as belong to the same field. */
static void read_text(struct sse *sse, struct piece *piece)
{
	size_t length = 1;
	sse->after_cr = false;
	if (sse->field == FIELD_NAME) {
		read_name(sse, *piece->at);
	} else if (sse->field == FIELD_SPACE) {
		sse->field = FIELD_DATA;
		length = *piece->at == ' ';
	} else {
		length = bytes_to_line_end(piece->at, (size_t)(piece->limit - piece->at));
		if (sse->field == FIELD_DATA)
			read_data(sse, piece->at, length);
	}
	piece->at += length;
}

void sse_feed(struct sse *sse, const char *bytes, size_t length)
{
	struct piece piece = {bytes, bytes, bytes, bytes + length};
	while (piece.at < piece.limit) {
		if (*piece.at == '\n' || *piece.at == '\r')
			read_line_end(sse, &piece);
		else
			read_text(sse, &piece);
	}
	if (sse->strip && !sse->too_long) {
		if (piece.passed > piece.start)
			emit_up_to(sse, &piece, piece.passed);
		sse->too_long = !hold_put(&sse->held, piece.start, (size_t)(piece.limit - piece.start));
	}
	if (!sse->strip || sse->too_long)
		emit_up_to(sse, &piece, piece.limit);
}

bool sse_end(struct sse *sse, enum problem problem)
{
	bool in_line = sse->field != FIELD_NAME || sse->name_length > 0;
	judge_line(sse);
	if (sse->tally.done || sse->tally.failed) {
		emit_held(sse);
		return !sse->tally.failed;
	}
	if (sse->held.length > 0)
		sse->held.length = 0; /* an event that will never be whole */
	else if (in_line || sse->in_event)
		sse->emit(sse->arg, "\n\n", 2);
	emit_problem(sse, sse->tally.troubled ? PROBLEM_REPORTED : problem);
	return false;
}
