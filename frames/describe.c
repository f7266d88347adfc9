#include "describe.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../proto/wire/fields.h"
#include "../proto/wire/stamp.h"

enum { SHOWN_MAX = 512 }; /* bytes of one text */

static const char cut[] = "...\n";
static const size_t room = DESCRIBE_MAX - sizeof(cut);

/* --- the line --- */

static void __attribute__((format(printf, 2, 3))) say(struct describe_line *line, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(line->text + line->length, room + 1 - line->length, format, arguments);
	va_end(arguments);
	line->length = (size_t)length > room - line->length ? room : line->length + (size_t)length;
}

static void say_hex(struct describe_line *line, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		say(line, "%02x", bytes[i]);
}

static void say_escaped(struct describe_line *line, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length && i < SHOWN_MAX; i++) {
		bool plain = bytes[i] >= 0x20 && bytes[i] < 0x7f && bytes[i] != '"' && bytes[i] != '\\';
		say(line, plain ? "%c" : "\\x%02x", bytes[i]);
	}
}

static void say_quoted(struct describe_line *line, struct wire_bytes text)
{
	say(line, "\"");
	say_escaped(line, text.data, text.length);
	say(line, text.length > SHOWN_MAX ? "\"..." : "\"");
}

static void end_line(struct describe_line *line)
{
	const char *end = line->length == room ? cut : "\n";
	memcpy(line->text + line->length, end, strlen(end));
	line->length += strlen(end);
}

/* --- fields --- */

static void say_stamp(struct describe_line *line, struct wire_bytes sealed, enum wire_sight sight)
{
	static struct grant grant;
	static struct lease lease;
	enum wire_error error = sight == SIGHT_GRANT ? grant_read(sealed, &grant) : lease_read(sealed, &lease);
	const char *key = sight == SIGHT_GRANT ? grant.key_id : lease.key_id;
	say(line, "<%zu bytes", sealed.length);
	if (error == WIRE_OK) {
		say(line, ", of key ");
		say_escaped(line, (const uint8_t *)key, strlen(key));
	} else if (sealed.length > 0) {
		say(line, ", no stamp: %s", wire_error_text(error));
	}
	say(line, ">");
}

static void say_bytes(struct describe_line *line, struct wire_bytes bytes, enum wire_sight sight)
{
	if (sight == SIGHT_ALL)
		say_quoted(line, bytes);
	else if (sight == SIGHT_LENGTH)
		say(line, "<%zu bytes>", bytes.length);
	else
		say_stamp(line, bytes, sight);
}

static void read_byte(struct wire_in *in, const struct wire_field *field, struct describe_line *line)
{
	size_t words = wire_field_words(field);
	uint8_t value = wire_get_enum(in, words > 0 ? (uint8_t)(words - 1) : UINT8_MAX);
	say(line, "%u", value);
	if (words > 0)
		say(line, " (%s)", field->words[value]);
}

static void read_u16(struct wire_in *in, const struct wire_field *field, struct describe_line *line)
{
	uint16_t value = wire_get_u16(in);
	if (in->error == WIRE_OK && field->max > 0 && (value < field->min || value > field->max))
		in->error = WIRE_BAD_VALUE;
	say(line, "%u", value);
}

static void read_u32(struct wire_in *in, const struct wire_field *field, struct describe_line *line)
{
	(void)field;
	say(line, "%u", wire_get_u32(in));
}

static void read_u64(struct wire_in *in, const struct wire_field *field, struct describe_line *line)
{
	(void)field;
	say(line, "%llu", (unsigned long long)wire_get_u64(in));
}

static void read_bool(struct wire_in *in, const struct wire_field *field, struct describe_line *line)
{
	(void)field;
	say(line, wire_get_bool(in) ? "yes" : "no");
}

static void read_route(struct wire_in *in, const struct wire_field *field, struct describe_line *line)
{
	(void)field;
	enum wire_route route = wire_get_route(in);
	if (in->error == WIRE_OK)
		say(line, "%d (%s)", (int)route, wire_route_info(route)->path);
}

static void read_str(struct wire_in *in, const struct wire_field *field, struct describe_line *line)
{
	char text[FIELD_STR_MAX + 1];
	wire_get_str(in, text, field->max + 1);
	say_bytes(line, (struct wire_bytes){(const uint8_t *)text, strlen(text)}, field->sight);
}

static void read_bytes(struct wire_in *in, const struct wire_field *field, struct describe_line *line)
{
	say_bytes(line, wire_get_bytes(in, field->max), field->sight);
}

static void read_bare(struct wire_in *in, const struct wire_field *field, struct describe_line *line)
{
	say_bytes(line, wire_get_rest(in), field->sight);
}

static void read_fixed(struct wire_in *in, const struct wire_field *field, struct describe_line *line)
{
	uint8_t bytes[FIELD_FIXED_MAX];
	wire_get_fixed(in, bytes, field->max);
	if (field->sight == SIGHT_ALL)
		say_hex(line, bytes, field->max);
	else
		say_bytes(line, (struct wire_bytes){bytes, field->max}, field->sight);
}

static void read_level(struct wire_in *in, const struct wire_field *field, struct describe_line *line)
{
	say(line, "limit %llu", (unsigned long long)wire_get_u64(in));
	say(line, "; %s remaining %llu", field->name, (unsigned long long)wire_get_u64(in));
	say(line, "; %s ms until full %u", field->name, wire_get_u32(in));
}

static const char *read_fields(struct wire_in *in, const struct wire_field *field, struct describe_line *line,
                               const char *between);

static void read_list(struct wire_in *in, const struct wire_field *field, struct describe_line *line)
{
	uint8_t count = wire_get_enum(in, (uint8_t)field->max);
	say(line, "%u", count);
	for (uint8_t i = 0; i < count && in->error == WIRE_OK; i++)
		read_fields(in, field->of, line, "; ");
}

static void (*const readers[FIELD_KINDS])(struct wire_in *, const struct wire_field *, struct describe_line *) = {
	[FIELD_U8] = read_byte,     [FIELD_U16] = read_u16,     [FIELD_U32] = read_u32,     [FIELD_U64] = read_u64,
	[FIELD_BOOL] = read_bool,   [FIELD_ROUTE] = read_route, [FIELD_STR] = read_str,     [FIELD_BYTES] = read_bytes,
	[FIELD_FIXED] = read_fixed, [FIELD_BARE] = read_bare,   [FIELD_LEVEL] = read_level, [FIELD_LIST] = read_list,
};

/* Names the field at which the body stops making sense; NULL: all of them are there. */
static const char *read_fields(struct wire_in *in, const struct wire_field *field, struct describe_line *line,
                               const char *between)
{
	for (; field->kind != FIELD_NONE; field++) {
		say(line, "%s%s ", between, field->name);
		readers[field->kind](in, field, line);
		if (in->error != WIRE_OK)
			return field->name;
		between = "; ";
	}
	return NULL;
}

/* --- frames --- */

static void say_head(struct describe_line *line, const struct wire_frame *frame)
{
	if (wire_type_known(frame->type))
		say(line, "%s", wire_type_name(frame->type));
	else
		say(line, "number %u", frame->type);
	say(line, " id %llu, %u bytes", (unsigned long long)frame->id, frame->length);
	if (frame->flags == WIRE_FLAG_END)
		say(line, ", END");
	else if (frame->flags != 0)
		say(line, ", flags %u", frame->flags);
}

static enum wire_error say_body(struct describe_line *line, const struct wire_frame *frame)
{
	struct wire_in in;
	size_t start = line->length;
	wire_in_init(&in, frame->body, frame->length);
	const char *failed = read_fields(&in, wire_fields(frame->type), line, ": ");
	enum wire_error error = wire_end(&in);
	if (error == WIRE_OK)
		return WIRE_OK;
	line->length = start;
	say(line, ", malformed%s%s: %s", failed ? " at " : "", failed ? failed : "", wire_error_text(error));
	return error;
}

static enum wire_error say_frame(struct describe_line *line, const struct wire_frame *frame, enum wire_error error)
{
	say_head(line, frame);
	if (error == WIRE_OK)
		return say_body(line, frame);
	say(line, ", malformed: %s", wire_error_text(error));
	return error;
}

enum wire_error describe_next(struct wire_in *in, enum wire_role from, enum wire_role to, struct describe_line *line)
{
	struct wire_frame frame;
	size_t left = in->length - in->offset;
	enum wire_error error = wire_next_frame(in, &frame);
	line->length = 0;
	say(line, "%s -> %s ", wire_role_name(from), wire_role_name(to));
	if (error == WIRE_OK && !wire_may_send(from, to, frame.type))
		error = WIRE_BAD_SENDER;
	if (in->error == WIRE_OK)
		error = say_frame(line, &frame, error);
	else
		say(line, "%zu bytes, malformed: %s", left, wire_error_text(error));
	end_line(line);
	return error;
}
