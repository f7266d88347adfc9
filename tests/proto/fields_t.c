/* The table of fields, from which the document's is printed, says what the decoders take and what they refuse. */
#include "../../proto/wire/fields.h"
#include "../tap/tap.h"
#include "bodies.h"
#include "decoders.h"

static uint8_t body[2 * WIRE_BODY_MAX];

#define X(type, name) \
	static enum wire_error decode_##name(struct wire_in *in) \
	{ \
		static struct name value; \
		return name##_decode(in, &value); \
	}
DECODERS(X)
#undef X

/* The decoder's verdict on a body of these fields, of which `beyond` is too large and the last `missing` bytes are not
 * there. */
static enum wire_error judge(const struct wire_field *fields, const struct wire_field *beyond, size_t missing,
                             enum wire_error (*decode)(struct wire_in *in))
{
	struct wire_out out;
	struct wire_in in;
	wire_out_init(&out, body, sizeof(body));
	bodies_put(&out, fields, beyond);
	wire_in_init(&in, body, out.length - missing);
	return decode(&in);
}

static size_t length_of(const struct wire_field *fields)
{
	struct wire_out out;
	wire_out_init(&out, body, sizeof(body));
	bodies_put(&out, fields, NULL);
	return out.length;
}

static void test_message(const char *name, unsigned type, enum wire_error (*decode)(struct wire_in *in))
{
	const struct wire_field *fields = wire_fields(type);
	ok(length_of(fields) <= wire_body_max(type), "%s: the largest body holds the largest fields", name);
	is_int(judge(fields, NULL, 0, decode), WIRE_OK, "%s: they are taken", name);
	is_int(judge(fields, NULL, 1, decode), WIRE_TRUNCATED, "%s: but not without the last byte", name);
	for (const struct wire_field *field = fields; field->kind != FIELD_NONE; field++)
		if (bodies_refusal(field) != WIRE_OK)
			is_int(judge(fields, field, 0, decode), bodies_refusal(field), "%s: nor with more of %s", name,
			       field->name);
}

/* Whoever takes the table's fields apart has room for this much. */
static void test_room(const struct wire_field *field)
{
	for (; field->kind != FIELD_NONE; field++) {
		bool fits = (field->kind != FIELD_STR || field->max <= FIELD_STR_MAX) &&
		            (field->kind != FIELD_FIXED || field->max <= FIELD_FIXED_MAX);
		if (!fits)
			ok(false, "%s is larger than any field may be", field->name);
	}
}

int main(void)
{
#define X(type, name) test_message(#type, MSG_##type, decode_##name);
	DECODERS(X)
#undef X
#define X(name, number, senders, receivers, max_body, meaning) test_room(wire_fields(number));
	WIRE_MESSAGES(X)
#undef X
	ok(!wire_fields(999), "an unknown message has none");
	return tap_done();
}
