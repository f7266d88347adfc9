#include "generate.h"

#include <stdlib.h>
#include <string.h>

#include "script.h"

enum { ENDLESS = 16 * 1024 * 1024 }; /* bytes of a line that does not end */

#define MID_FAULTS \
	(FAULT(STALL_MID) | FAULT(TRUNCATE) | FAULT(CUT) | FAULT(RST) | FAULT(ERROR_MID) | FAULT(ERROR_MID_DONE) | \
	 FAULT(OLD_LLAMA_ERROR) | FAULT(JUNK_CHUNK_EOF) | FAULT(BAD_CHUNK) | FAULT(LONG_CHUNK) | FAULT(NO_NEWLINE))
#define FAILED_MID (FAULT(ERROR_MID) | FAULT(ERROR_MID_DONE) | FAULT(OLD_LLAMA_ERROR) | FAULT(JUNK_CHUNK_EOF))

static const char *line_end(const struct exchange *x)
{
	return behaviour_has(&x->behaviour, FAULT(CRLF)) ? "\r\n" : "\n";
}

/* What stands before an event's data. */
static void put_event_head(struct exchange *x, const char *name, size_t name_length, struct bytes *event)
{
	const char *end = line_end(x);
	if (behaviour_has(&x->behaviour, FAULT(PINGS)))
		bytes_format(event, ":%s%s", end, end);
	if (behaviour_has(&x->behaviour, FAULT(ID_LINES)))
		bytes_format(event, "id: %u%s", x->events, end);
	if (name_length > 0)
		bytes_format(event, "event: %.*s%s", (int)name_length, name, end);
}

/* Frames a line of JSON, or "[DONE]", as this kind of stream does. */
static void put_event(struct exchange *x, const char *field, const char *data, size_t length)
{
	struct bytes event = {0};
	const char *end = line_end(x);
	bool named = x->form.framing == FRAMED_NAMED && *data != '{' && *data != '[';
	size_t name_length = named ? strcspn(data, " ") : 0, skip = named ? name_length + 1 : 0;
	x->events++;
	if (x->form.framing != FRAMED_LINES) {
		put_event_head(x, data, name_length, &event);
		bytes_format(&event, "%s: ", field);
	}
	bytes_put(&event, data + skip, length - skip);
	bytes_text(&event, end);
	if (x->form.framing != FRAMED_LINES)
		bytes_text(&event, end);
	answer_piece(x, &event);
	bytes_free(&event);
}

/* One event, or of named ones as many as there are lines. */
static void put_template(struct exchange *x, const char *template, const struct shape_values *values)
{
	struct shape_values numbered = *values;
	while (*template) {
		struct bytes data = {0};
		size_t length = strcspn(template, "\n");
		char *line = strndup(template, length);
		numbered.number = x->events;
		shape_fill(x->shape, line, &numbered, &data);
		put_event(x, "data", data.data, data.length);
		bytes_free(&data);
		free(line);
		template += length + (template[length] == '\n');
	}
}

static void put_done(struct exchange *x)
{
	if (x->form.framing == FRAMED_EVENTS)
		put_event(x, "data", "[DONE]", strlen("[DONE]"));
}

static void put_error(struct exchange *x, const char *field)
{
	struct bytes error = {0};
	x->values.number = x->events;
	if (x->form.error)
		shape_fill(x->shape, x->form.error, &x->values, &error);
	else
		shape_fill_error(x->shape, SHAPE_INTERNAL, x->model, NULL, &error);
	while (error.data[error.length - 1] == '\n')
		error.data[--error.length] = '\0';
	put_event(x, field, error.data, error.length);
	bytes_free(&error);
}

static void put_junk(struct exchange *x)
{
	struct shape_values junk = x->values;
	junk.model = "";
	junk.text = "";
	junk.length = 0;
	put_template(x, x->form.delta, &junk);
}

static void put_endless_line(struct exchange *x)
{
	struct bytes line = {0};
	bytes_text(&line, x->form.framing == FRAMED_LINES ? "{\"endless\":\"" : "data: {\"endless\":\"");
	memset(bytes_room(&line, ENDLESS), 'x', ENDLESS);
	line.length += ENDLESS;
	answer_piece(x, &line);
	bytes_free(&line);
}

/* Chunks that are none. */
static enum next break_chunks(struct exchange *x, const char *size)
{
	bytes_format(&x->out, "%s\r\n{}\r\n", size);
	return NEXT_HANG;
}

static enum next fail_in_the_middle(struct exchange *x)
{
	const struct behaviour *b = &x->behaviour;
	if (behaviour_has(b, FAULT(STALL_MID)))
		return NEXT_HANG;
	if (behaviour_has(b, FAULT(CUT)))
		return NEXT_CLOSE;
	if (behaviour_has(b, FAULT(RST)))
		return NEXT_RESET;
	if (behaviour_has(b, FAULT(BAD_CHUNK)))
		return break_chunks(x, "zz");
	if (behaviour_has(b, FAULT(LONG_CHUNK)))
		return break_chunks(x, "ffffffffffffffffffff");
	if (behaviour_has(b, FAULT(NO_NEWLINE)))
		put_endless_line(x);
	if (behaviour_has(b, FAULT(JUNK_CHUNK_EOF)))
		put_junk(x);
	if (behaviour_has(b, FAULT(ERROR_MID) | FAULT(ERROR_MID_DONE)))
		put_error(x, "data");
	if (behaviour_has(b, FAULT(OLD_LLAMA_ERROR)))
		put_error(x, "error");
	if (behaviour_has(b, FAULT(OLD_LLAMA_ERROR) | FAULT(ERROR_MID_DONE)))
		put_done(x);
	return answer_stream_end(x);
}

static enum next finish(struct exchange *x)
{
	x->values.out = script_words(x);
	x->values.text = x->text.data;
	x->values.length = x->text.length;
	put_template(x, x->form.finish, &x->values);
	if (x->form.usage && x->values.usage && !behaviour_has(&x->behaviour, FAULT(NO_USAGE)))
		put_template(x, x->form.usage, &x->values);
	put_done(x);
	return answer_stream_end(x);
}

enum next generate_step(struct exchange *x)
{
	bool over = x->spoken == x->text.length;
	if (behaviour_has(&x->behaviour, MID_FAULTS) && (x->said >= x->behaviour.after || over))
		return fail_in_the_middle(x);
	if (over)
		return finish(x);
	const char *template = x->said == 0 && x->form.first ? x->form.first : x->form.delta;
	script_next_word(x);
	put_template(x, template, &x->values);
	return behaviour_has(&x->behaviour, FAULT(HELD)) ? NEXT_HOLD : NEXT_MORE;
}

static enum next begin_stream(struct exchange *x)
{
	answer_stream_head(x, x->form.framing == FRAMED_LINES ? "application/x-ndjson" : "text/event-stream");
	if (x->form.open)
		put_template(x, x->form.open, &x->values);
	if (!x->form.first || !x->form.delta || strstr(x->form.first, "$text"))
		return generate_step(x);
	/* Here the role has an event of its own, and the words come after it. */
	put_template(x, x->form.first, &x->values);
	x->form.first = NULL;
	return NEXT_MORE;
}

enum next generate_begin(struct exchange *x, const struct form *form, bool stream)
{
	x->form = *form;
	script_write(x);
	if (stream && !behaviour_has(&x->behaviour, FAULT(JSON_FOR_STREAM)))
		return begin_stream(x);
	if (behaviour_has(&x->behaviour, FAILED_MID))
		return answer_error(x, SHAPE_INTERNAL);
	x->values.text = x->text.data;
	x->values.length = x->text.length;
	x->values.out = script_words(x);
	return answer_template(x, x->form.whole, &x->values);
}
