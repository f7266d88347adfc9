/*
 * Frames as lines of text.  The first byte says where they pass: a link, and in which direction.  A frame is called
 * malformed if and only if its decoder refuses it, for the same reason, and then none of its body is shown.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../../frames/describe.h"
#include "../proto/decoders.h"
#include "fuzz.h"

enum { BACK = 0x80, HEAD_MAX = 200 };

static enum wire_error decode(const struct wire_frame *frame)
{
	struct wire_in in;
	wire_in_init(&in, frame->body, frame->length);
	switch (frame->type) {
#define X(type, name) \
	case MSG_##type: { \
		static struct name value; \
		return name##_decode(&in, &value); \
	}
		DECODERS(X)
#undef X
	default: /* has no body, or one of bare bytes */
		return WIRE_OK;
	}
}

/* Judges the next frame as ipc.c and whoever handles it do. */
static enum wire_error judge_next(struct wire_in *in, enum wire_role from, enum wire_role to)
{
	struct wire_frame frame;
	enum wire_error error = wire_next_frame(in, &frame);
	if (error == WIRE_OK && !wire_may_send(from, to, frame.type))
		error = WIRE_BAD_SENDER;
	return error == WIRE_OK ? decode(&frame) : error;
}

static void check_line(const struct describe_line *line, enum wire_error error)
{
	assert(line->length > 0 && line->length < DESCRIBE_MAX);
	assert(line->text[line->length - 1] == '\n');
	for (size_t i = 0; i + 1 < line->length; i++)
		assert((uint8_t)line->text[i] >= 0x20 && line->text[i] != 0x7f);
	assert(error == WIRE_OK || memmem(line->text, line->length, ", malformed", strlen(", malformed")));
	assert(error == WIRE_OK || line->length < HEAD_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct describe_line line;
	struct wire_in shown, judged;
	if (size == 0)
		return 0;
	const struct wire_link_info *link = wire_link_info(data[0] % BACK % LINK_COUNT);
	bool back = data[0] & BACK;
	enum wire_role from = back ? link->listener : link->dialer, to = back ? link->dialer : link->listener;
	wire_in_init(&shown, data + 1, size - 1);
	wire_in_init(&judged, data + 1, size - 1);
	while (shown.error == WIRE_OK && shown.offset < shown.length) {
		enum wire_error error = describe_next(&shown, from, to, &line);
		assert(error == judge_next(&judged, from, to));
		assert(shown.offset == judged.offset && shown.error == judged.error);
		check_line(&line, error);
	}
	return 0;
}
