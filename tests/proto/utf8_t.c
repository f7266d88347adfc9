#include "../../proto/wire/utf8.h"

#include "../tap/tap.h"

enum { CODE_POINTS = 0x110000 - 0x800 }; /* without the surrogates */

static uint32_t decode(const char *bytes, size_t length)
{
	static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code = (uint8_t)bytes[0] & masks[length];

	for (size_t i = 1; i < length; i++)
		code = code << 6 | ((uint8_t)bytes[i] & 0x3f);
	return code;
}

static void test_every_code_point(void)
{
	unsigned right = 0, cut = 0;
	size_t lengths[UTF8_MAX + 1] = {0};
	char bytes[UTF8_MAX];

	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		if (code == 0xd800)
			code = 0xe000;
		size_t length = utf8_encode(code, bytes);
		lengths[length]++;
		right += utf8_length(bytes, length) == length && decode(bytes, length) == code;
		cut += utf8_length(bytes, length - 1) == 0;
	}
	is_int(right, CODE_POINTS, "every code point is encoded and recognised");
	is_int(cut, CODE_POINTS, "and refused without its last byte");
	is_int((long long)lengths[1], 0x80, "so many take one byte");
	is_int((long long)lengths[2], 0x800 - 0x80, "two");
	is_int((long long)lengths[3], 0x10000 - 0x800 - 0x800, "three");
	is_int((long long)lengths[4], 0x100000, "four");
}

/* As many sequences are well-formed as there are code points, so every other one is refused. */
static void test_every_sequence_of_three(void)
{
	unsigned found[UTF8_MAX + 1] = {0};

	for (uint32_t word = 0; word < 1 << 24; word++) {
		char bytes[3] = {(char)(word >> 16), (char)(word >> 8), (char)word};
		found[utf8_length(bytes, sizeof(bytes))]++;
	}
	is_int(found[1], 0x80 << 16, "one byte, whatever follows");
	is_int(found[2], (0x800 - 0x80) << 8, "two bytes, whatever follows");
	is_int(found[3], 0x10000 - 0x800 - 0x800, "three bytes");
}

static void test_sequences_of_four(void)
{
	static const char edges[] = {'\x7f', '\x80', '\xbf', '\xc0'};
	unsigned found = 0;

	for (unsigned pair = 0; pair < 1 << 16; pair++)
		for (unsigned last = 0; last < 16; last++) {
			char bytes[UTF8_MAX] = {(char)(pair >> 8), (char)pair, edges[last >> 2], edges[last & 3]};
			found += utf8_length(bytes, sizeof(bytes)) == 4;
		}
	is_int(found, 4 * 256, "four bytes: 256 beginnings, two good edges for each of the others");
}

int main(void)
{
	test_every_code_point();
	test_every_sequence_of_three();
	test_sequences_of_four();
	return tap_done();
}
