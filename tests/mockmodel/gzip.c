#include "gzip.h"

#include <stdbool.h>
#include <stdint.h>

enum { STORED_MAX = 65535 };

static uint32_t crc32(const char *data, size_t length)
{
	uint32_t crc = UINT32_MAX;
	for (size_t i = 0; i < length; i++) {
		crc ^= (unsigned char)data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
	}
	return ~crc;
}

static void put_little(struct bytes *out, uint32_t value, int size)
{
	for (int i = 0; i < size; i++) {
		char byte = (char)(value >> (8 * i) & 0xff);
		bytes_put(out, &byte, 1);
	}
}

static void put_stored(struct bytes *out, const char *data, size_t length, bool last)
{
	put_little(out, last, 1);
	put_little(out, (uint32_t)length, 2);
	put_little(out, ~(uint32_t)length & 0xffff, 2);
	bytes_put(out, data, length);
}

void gzip_member(struct bytes *out, const char *data, size_t length)
{
	bytes_put(out, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
	size_t done = 0;
	for (; length - done > STORED_MAX; done += STORED_MAX)
		put_stored(out, data + done, STORED_MAX, false);
	put_stored(out, data + done, length - done, true);
	put_little(out, crc32(data, length), 4);
	put_little(out, (uint32_t)length, 4);
}
