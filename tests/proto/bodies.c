#include "bodies.h"

#include "../../proto/wire/route.h"

static void put_filling(struct wire_out *out, size_t length)
{
	for (size_t i = 0; i < length; i++)
		wire_put_u8(out, 1);
}

static void put_list(struct wire_out *out, const struct wire_field *field, uint8_t more)
{
	wire_put_u8(out, (uint8_t)(field->max + more));
	for (uint32_t i = 0; i < field->max; i++)
		bodies_put(out, field->of, NULL);
}

static void put_str(struct wire_out *out, size_t length)
{
	wire_put_u16(out, (uint16_t)length);
	put_filling(out, length);
}

static void put_bytes(struct wire_out *out, size_t length)
{
	wire_put_u32(out, (uint32_t)length);
	put_filling(out, length);
}

static void put_field(struct wire_out *out, const struct wire_field *field, uint8_t more)
{
	size_t words = wire_field_words(field);
	switch (field->kind) {
	case FIELD_U8:
		wire_put_u8(out, words > 0 ? (uint8_t)(words - 1 + more) : UINT8_MAX);
		break;
	case FIELD_U16:
		wire_put_u16(out, field->max > 0 ? (uint16_t)(field->max + more) : UINT16_MAX);
		break;
	case FIELD_U32:
		wire_put_u32(out, UINT32_MAX);
		break;
	case FIELD_U64:
		wire_put_u64(out, UINT64_MAX);
		break;
	case FIELD_BOOL:
		wire_put_u8(out, (uint8_t)(1 + more));
		break;
	case FIELD_ROUTE:
		wire_put_u8(out, more ? ROUTE_COUNT : ROUTE_CHAT);
		break;
	case FIELD_STR:
		put_str(out, field->max + more);
		break;
	case FIELD_BYTES:
		put_bytes(out, field->max + more);
		break;
	case FIELD_FIXED:
		put_filling(out, field->max);
		break;
	case FIELD_LEVEL:
		put_filling(out, 8 + 8 + 4);
		break;
	case FIELD_LIST:
		put_list(out, field, more);
		break;
	case FIELD_BARE:
	case FIELD_NONE:
	case FIELD_KINDS:
		break;
	}
}

void bodies_put(struct wire_out *out, const struct wire_field *fields, const struct wire_field *beyond)
{
	for (const struct wire_field *field = fields; field->kind != FIELD_NONE; field++)
		put_field(out, field, field == beyond);
}

enum wire_error bodies_refusal(const struct wire_field *field)
{
	bool limited = field->kind == FIELD_BOOL || field->kind == FIELD_ROUTE || field->kind == FIELD_LIST ||
	               (field->kind == FIELD_U8 && wire_field_words(field) > 0) ||
	               (field->kind == FIELD_U16 && field->max > 0);
	if (field->kind == FIELD_STR || field->kind == FIELD_BYTES)
		return WIRE_TOO_LONG;
	return limited ? WIRE_BAD_VALUE : WIRE_OK;
}
