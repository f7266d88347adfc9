/* The cases altered one bit, one byte or one cut at a time: what must hold for every document holds for these. */
#include <stdio.h>
#include <string.h>

#include "../tap/tap.h"
#include "json_cases.h"
#include "json_oracle.h"
#include "json_properties.h"

enum { ROUNDS = 1000, ALTERATIONS_MAX = 4, DOCUMENT_MAX = 512 };

static unsigned accepted, refused, failures;
static uint32_t seed = 2463534242; /* xorshift32: the same documents in every run */

static uint32_t random_below(uint32_t limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % limit;
}

static void show(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		printf(bytes[i] >= ' ' && bytes[i] <= '~' ? "%c" : "\\x%02x", (unsigned char)bytes[i]);
	printf("\n");
}

static void check(const char *bytes, size_t length)
{
	enum json_error verdict;
	const char *broken = json_properties_broken(bytes, length, 1 + random_below(16), &verdict);

	if (verdict == JSON_OK)
		accepted++;
	else
		refused++;
	if (!broken)
		return;
	failures++;
	printf("# %s: ", broken);
	show(bytes, length);
}

static void flip(char *bytes, size_t bit)
{
	bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
}

static void flip_bits(const struct json_case *given)
{
	char bytes[DOCUMENT_MAX];

	memcpy(bytes, given->bytes, given->length);
	for (size_t bit = 0; bit < 8 * given->length; bit++) {
		flip(bytes, bit);
		check(bytes, given->length);
		flip(bytes, bit);
	}
}

static void truncate_document(const struct json_case *given)
{
	for (size_t length = 0; length <= given->length; length++)
		check(given->bytes, length);
}

/* Puts a byte that means something into a random place, or takes one out, or doubles a stretch. */
static size_t alter(char *bytes, size_t length)
{
	static const char meaningful[] = "{}[]:,\"\\ue0019.-+ \ntfn\xc3\xa9\xed\xa0\x80";
	size_t at = random_below((uint32_t)length + 1);
	size_t stretch = random_below((uint32_t)(length - at) + 1);

	switch (random_below(4)) {
	case 0:
		memmove(bytes + at, bytes + at + stretch, length - at - stretch);
		return length - stretch;
	case 1:
		if (length + stretch > DOCUMENT_MAX)
			return length;
		memmove(bytes + at + stretch, bytes + at, length - at);
		return length + stretch;
	default:
		if (length == DOCUMENT_MAX)
			return length;
		memmove(bytes + at + 1, bytes + at, length - at);
		bytes[at] = meaningful[random_below(sizeof(meaningful) - 1)];
		return length + 1;
	}
}

static void alter_at_random(const struct json_case *given)
{
	char bytes[DOCUMENT_MAX];

	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t length = given->length;
		memcpy(bytes, given->bytes, length);
		for (unsigned i = random_below(ALTERATIONS_MAX) + 1; i > 0; i--)
			length = alter(bytes, length);
		check(bytes, length);
	}
}

static void test(const char *about, void (*mutate)(const struct json_case *))
{
	failures = 0;
	accepted = 0;
	refused = 0;
	for (size_t i = 0; i < json_case_count; i++)
		mutate(&json_cases[i]);
	is_int(failures, 0, "%s: %u accepted, %u refused", about, accepted, refused);
	ok(accepted > 0 && refused > 0, "%s: both were seen", about);
}

int main(void)
{
	test("bits flipped", flip_bits);
	test("cut off", truncate_document);
	test("altered at random", alter_at_random);
	oracle_free();
	return tap_done();
}
