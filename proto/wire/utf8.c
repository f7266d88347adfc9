#include "utf8.h"

/* RFC 3629, section 4. */
static const struct {
	uint8_t first;
	uint8_t last;
	struct utf8_tail tail;
} rows[] = {
	{0xc2, 0xdf, {1, 0x80, 0xbf}}, {0xe0, 0xe0, {2, 0xa0, 0xbf}}, {0xe1, 0xec, {2, 0x80, 0xbf}},
	{0xed, 0xed, {2, 0x80, 0x9f}}, {0xee, 0xef, {2, 0x80, 0xbf}}, {0xf0, 0xf0, {3, 0x90, 0xbf}},
	{0xf1, 0xf3, {3, 0x80, 0xbf}}, {0xf4, 0xf4, {3, 0x80, 0x8f}},
};

struct utf8_tail utf8_tail(uint8_t lead)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (lead >= rows[i].first && lead <= rows[i].last)
			return rows[i].tail;
	return (struct utf8_tail){0, 0, 0};
}

size_t utf8_length(const char *text, size_t length)
{
	if (length == 0)
		return 0;
	if ((uint8_t)text[0] < 0x80)
		return 1;
	struct utf8_tail tail = utf8_tail((uint8_t)text[0]);
	if (tail.length == 0 || tail.length >= length)
		return 0;
	if ((uint8_t)text[1] < tail.low || (uint8_t)text[1] > tail.high)
		return 0;
	for (size_t i = 2; i <= tail.length; i++)
		if (((uint8_t)text[i] & 0xc0) != 0x80)
			return 0;
	return tail.length + 1u;
}

size_t utf8_encode(uint32_t code, char bytes[UTF8_MAX])
{
	static const uint8_t marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (size_t i = length - 1; i > 0; i--, code >>= 6)
		bytes[i] = (char)(0x80 | (code & 0x3f));
	bytes[0] = (char)(marks[length] | code);
	return length;
}
