#include "generate.h"

#include <string.h>

#include "script.h"

#define MID_FAULTS \
	(FAULT(STALL_MID) | FAULT(TRUNCATE) | FAULT(CUT) | FAULT(RST) | FAULT(ERROR_MID) | FAULT(ERROR_MID_DONE) | \
	 FAULT(OLD_LLAMA_ERROR) | FAULT(JUNK_CHUNK_EOF))
#define FAILED_MID (FAULT(ERROR_MID) | FAULT(ERROR_MID_DONE) | FAULT(OLD_LLAMA_ERROR) | FAULT(JUNK_CHUNK_EOF))

static const char *line_end(const struct exchange *x)
{
	return behaviour_has(&x->behaviour, FAULT(CRLF)) ? "\r\n" : "\n";
}

/* Frames a line of JSON, or "[DONE]", as this kind of stream does. */
static void put_event(struct exchange *x, const char *field, const struct bytes *data)
{
	struct bytes event = {0};
	const char *end = line_end(x);
	x->events++;
	if (!x->form.events) {
		bytes_format(&event, "%s\n", data->data);
	} else {
		if (behaviour_has(&x->behaviour, FAULT(PINGS)))
			bytes_format(&event, ":%s%s", end, end);
		if (behaviour_has(&x->behaviour, FAULT(ID_LINES)))
			bytes_format(&event, "id: %u%s", x->events, end);
		bytes_format(&event, "%s: ", field);
		bytes_put(&event, data->data, data->length);
		bytes_format(&event, "%s%s", end, end);
	}
	answer_piece(x, &event);
	bytes_free(&event);
}

static void put_template(struct exchange *x, const char *template, const struct shape_values *values)
{
	struct bytes data = {0};
	shape_fill(x->shape, template, values, &data);
	put_event(x, "data", &data);
	bytes_free(&data);
}

static void put_done(struct exchange *x)
{
	struct bytes done = {0};
	bytes_text(&done, "[DONE]");
	if (x->form.events)
		put_event(x, "data", &done);
	bytes_free(&done);
}

static void put_error(struct exchange *x, const char *field)
{
	struct bytes error = {0};
	if (x->form.events)
		shape_fill_error(x->shape, SHAPE_INTERNAL, x->model, &error);
	else
		shape_fill(x->shape, "{'error':'an error was encountered while running the model'}", &x->values, &error);
	while (error.data[error.length - 1] == '\n')
		error.data[--error.length] = '\0';
	put_event(x, field, &error);
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

static enum next fail_in_the_middle(struct exchange *x)
{
	const struct behaviour *b = &x->behaviour;
	if (behaviour_has(b, FAULT(STALL_MID)))
		return NEXT_HANG;
	if (behaviour_has(b, FAULT(CUT)))
		return NEXT_CLOSE;
	if (behaviour_has(b, FAULT(RST)))
		return NEXT_RESET;
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
	x->values.out = x->said;
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
	return NEXT_MORE;
}

static enum next begin_stream(struct exchange *x)
{
	answer_stream_head(x, x->form.events ? "text/event-stream" : "application/x-ndjson");
	if (!x->form.first || strstr(x->form.first, "$text"))
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
