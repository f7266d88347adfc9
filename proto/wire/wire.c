#include "wire.h"

#include <string.h>

void wire_out_init(struct wire_out *out, void *data, size_t size)
{
	*out = (struct wire_out){.data = data, .size = size};
}

void wire_in_init(struct wire_in *in, const void *data, size_t length)
{
	*in = (struct wire_in){.data = data, .length = length};
}

/* Room for `size` more bytes, or NULL with the error set. */
static uint8_t *reserve(struct wire_out *out, size_t size)
{
	if (out->error == WIRE_OK && size > out->size - out->length)
		out->error = WIRE_BAD_LENGTH;
	if (out->error != WIRE_OK)
		return NULL;
	uint8_t *place = out->data + out->length;
	out->length += size;
	return place;
}

/* The next `size` bytes, or NULL with the error set. */
static const uint8_t *consume(struct wire_in *in, size_t size)
{
	if (in->error == WIRE_OK && size > in->length - in->offset)
		in->error = WIRE_TRUNCATED;
	if (in->error != WIRE_OK)
		return NULL;
	const uint8_t *place = in->data + in->offset;
	in->offset += size;
	return place;
}

static void put_number(struct wire_out *out, uint64_t value, size_t size)
{
	uint8_t *place = reserve(out, size);
	for (size_t i = 0; place && i < size; i++)
		place[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

static uint64_t get_number(struct wire_in *in, size_t size)
{
	const uint8_t *place = consume(in, size);
	uint64_t value = 0;
	for (size_t i = 0; place && i < size; i++)
		value = value << 8 | place[i];
	return value;
}

void wire_put_u8(struct wire_out *out, uint8_t value)
{
	put_number(out, value, 1);
}

void wire_put_u16(struct wire_out *out, uint16_t value)
{
	put_number(out, value, 2);
}

void wire_put_u32(struct wire_out *out, uint32_t value)
{
	put_number(out, value, 4);
}

void wire_put_u64(struct wire_out *out, uint64_t value)
{
	put_number(out, value, 8);
}

void wire_put_fixed(struct wire_out *out, const void *data, size_t size)
{
	uint8_t *place = reserve(out, size);
	if (place && size > 0)
		memcpy(place, data, size);
}

void wire_put_str(struct wire_out *out, const char *text, size_t max)
{
	size_t length = strnlen(text, max + 1);
	if (length > max && out->error == WIRE_OK)
		out->error = WIRE_TOO_LONG;
	wire_put_u16(out, (uint16_t)length);
	wire_put_fixed(out, text, length);
}

void wire_put_bytes(struct wire_out *out, const void *data, size_t length, size_t max)
{
	if (length > max && out->error == WIRE_OK)
		out->error = WIRE_TOO_LONG;
	wire_put_u32(out, (uint32_t)length);
	wire_put_fixed(out, data, length);
}

uint8_t wire_get_u8(struct wire_in *in)
{
	return (uint8_t)get_number(in, 1);
}

uint16_t wire_get_u16(struct wire_in *in)
{
	return (uint16_t)get_number(in, 2);
}

uint32_t wire_get_u32(struct wire_in *in)
{
	return (uint32_t)get_number(in, 4);
}

uint64_t wire_get_u64(struct wire_in *in)
{
	return get_number(in, 8);
}

uint8_t wire_get_enum(struct wire_in *in, uint8_t max)
{
	uint8_t value = wire_get_u8(in);
	if (value > max && in->error == WIRE_OK)
		in->error = WIRE_BAD_VALUE;
	return in->error == WIRE_OK ? value : 0;
}

bool wire_get_bool(struct wire_in *in)
{
	return wire_get_enum(in, 1) == 1;
}

void wire_get_fixed(struct wire_in *in, void *data, size_t size)
{
	const uint8_t *place = consume(in, size);
	if (place && size > 0)
		memcpy(data, place, size);
	else if (size > 0)
		memset(data, 0, size);
}

void wire_get_str(struct wire_in *in, char *text, size_t size)
{
	uint16_t length = wire_get_u16(in);
	text[0] = '\0';
	if (in->error == WIRE_OK && length >= size)
		in->error = WIRE_TOO_LONG;
	const uint8_t *place = consume(in, length);
	if (!place || length == 0)
		return;
	if (memchr(place, 0, length)) {
		in->error = WIRE_BAD_VALUE;
		return;
	}
	memcpy(text, place, length);
	text[length] = '\0';
}

struct wire_bytes wire_get_bytes(struct wire_in *in, size_t max)
{
	uint32_t length = wire_get_u32(in);
	if (in->error == WIRE_OK && length > max)
		in->error = WIRE_TOO_LONG;
	const uint8_t *place = consume(in, length);
	return place ? (struct wire_bytes){place, length} : (struct wire_bytes){NULL, 0};
}

struct wire_bytes wire_get_rest(struct wire_in *in)
{
	size_t length = in->length - in->offset;
	const uint8_t *place = consume(in, length);
	return place ? (struct wire_bytes){place, length} : (struct wire_bytes){NULL, 0};
}

enum wire_error wire_end(const struct wire_in *in)
{
	if (in->error != WIRE_OK)
		return in->error;
	return in->offset == in->length ? WIRE_OK : WIRE_TRAILING;
}

void wire_put_header(struct wire_out *out, unsigned type, uint8_t flags, uint64_t id, uint32_t length)
{
	wire_put_u8(out, WIRE_VERSION);
	wire_put_u8(out, flags);
	wire_put_u16(out, (uint16_t)type);
	wire_put_u32(out, length);
	wire_put_u64(out, id);
}

enum wire_error wire_next_frame(struct wire_in *in, struct wire_frame *frame)
{
	bool foreign = in->offset < in->length && in->data[in->offset] != WIRE_VERSION;
	wire_get_u8(in);
	frame->flags = wire_get_u8(in);
	frame->type = wire_get_u16(in);
	frame->length = wire_get_u32(in);
	frame->id = wire_get_u64(in);
	if (foreign)
		in->error = WIRE_BAD_VERSION; /* also when its header is cut short */
	frame->body = consume(in, frame->length);
	if (in->error != WIRE_OK)
		return in->error;
	if (!wire_type_known(frame->type))
		return WIRE_BAD_TYPE;
	return frame->length > wire_body_max(frame->type) ? WIRE_BAD_LENGTH : WIRE_OK;
}
