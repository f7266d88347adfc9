/*
 * The codec: cursors that write and read fields in network byte order, and
 * the frame header.
 *
 * Both cursors remember the first error and turn every later call into a
 * no-op, so a message is encoded or decoded in a straight line and judged
 * once, at the end.  No allocation, no globals.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto.h"

/* Writes into memory the caller owns. */
struct wire_out {
	uint8_t *data;
	size_t size;   /* capacity of data in bytes */
	size_t length; /* bytes written so far */
	enum wire_error error;
};

/* Reads from memory the caller owns and keeps unchanged meanwhile. */
struct wire_in {
	const uint8_t *data;
	size_t length;
	size_t offset; /* next byte to read */
	enum wire_error error;
};

/* Bytes that belong to somebody else: valid as long as the frame or buffer they were decoded from. */
struct wire_bytes {
	const uint8_t *data;
	size_t length;
};

/* One frame as received: `body` is borrowed from the message it came in. */
struct wire_frame {
	uint16_t type;
	uint8_t flags; /* WIRE_FLAG_* */
	uint64_t id;   /* matches replies to requests; names a stream */
	const uint8_t *body;
	uint32_t length; /* of body, in bytes */
};

void wire_out_init(struct wire_out *out, void *data, size_t size);
void wire_in_init(struct wire_in *in, const void *data, size_t length);

void wire_put_u8(struct wire_out *out, uint8_t value);
void wire_put_u16(struct wire_out *out, uint16_t value);
void wire_put_u32(struct wire_out *out, uint32_t value);
void wire_put_u64(struct wire_out *out, uint64_t value);

/* Exactly `size` bytes, no length in front. */
void wire_put_fixed(struct wire_out *out, const void *data, size_t size);

/* A u16 length and the bytes of a C string of at most `max` bytes; longer is WIRE_TOO_LONG. */
void wire_put_str(struct wire_out *out, const char *text, size_t max);

/* A u32 length and bytes; more than `max` is WIRE_TOO_LONG. */
void wire_put_bytes(struct wire_out *out, const void *data, size_t length, size_t max);

uint8_t wire_get_u8(struct wire_in *in);
uint16_t wire_get_u16(struct wire_in *in);
uint32_t wire_get_u32(struct wire_in *in);
uint64_t wire_get_u64(struct wire_in *in);

/* A u8 that must be 0 or 1 (else WIRE_BAD_VALUE). */
bool wire_get_bool(struct wire_in *in);

/* A u8 of at most `max` (else WIRE_BAD_VALUE). */
uint8_t wire_get_enum(struct wire_in *in, uint8_t max);

void wire_get_fixed(struct wire_in *in, void *data, size_t size);

/* Into text[size], NUL-terminated; a longer string is WIRE_TOO_LONG, a NUL inside is WIRE_BAD_VALUE.
 * On any error text is "". */
void wire_get_str(struct wire_in *in, char *text, size_t size);

/* Borrowed bytes, at most `max` of them. */
struct wire_bytes wire_get_bytes(struct wire_in *in, size_t max);

/* All that is left. */
struct wire_bytes wire_get_rest(struct wire_in *in);

/* The verdict: WIRE_OK, the first error met, or WIRE_TRAILING when bytes are left over. */
enum wire_error wire_end(const struct wire_in *in);

/* Writes the 16-byte header: version u8, flags u8, type u16, body length u32, id u64. */
void wire_put_header(struct wire_out *out, unsigned type, uint8_t flags, uint64_t id, uint32_t length);

/*
 * Takes the next frame out of a message of whole frames.
 * WIRE_OK: *frame is filled and `in` stands behind it.
 * WIRE_BAD_VERSION, WIRE_TRUNCATED: the rest of the message makes no sense; discard it.
 * WIRE_BAD_TYPE, WIRE_BAD_LENGTH: this frame is refused, `in` stands behind it, *frame has its header.
 */
enum wire_error wire_next_frame(struct wire_in *in, struct wire_frame *frame);

#endif
