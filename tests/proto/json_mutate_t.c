/*
 * Documents altered one bit, one byte or one cut at a time.  However they are
 * cut into pieces the outcome is the same, and Jansson agrees: on what is
 * JSON, and on what stands in each wanted member, because the parties behind
 * the gateway read the whole tree.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/wire/json.h"
#include "../tap/tap.h"
#include "json_cases.h"
#include "json_oracle.h"

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

static void complain(const char *bytes, size_t length, const char *why)
{
	failures++;
	printf("# %s: ", why);
	for (size_t i = 0; i < length; i++)
		printf(bytes[i] >= ' ' && bytes[i] <= '~' ? "%c" : "\\x%02x", (unsigned char)bytes[i]);
	printf("\n");
}

static void check_pieces(const char *bytes, size_t length, const struct json_scan *whole, enum json_error verdict)
{
	struct json_scan pieces;
	size_t size = 1 + random_below(16);

	json_start(&pieces, json_case_paths, JSON_CASE_PATHS);
	for (size_t at = 0; at < length; at += size)
		json_feed(&pieces, bytes + at, at + size < length ? size : length - at);
	if (json_end(&pieces) != verdict || json_error_at(&pieces) != json_error_at(whole))
		complain(bytes, length, "pieces change the verdict");
	for (size_t i = 0; verdict == JSON_OK && i < JSON_CASE_PATHS; i++)
		if (strcmp(json_value(&pieces, i)->text, json_value(whole, i)->text) != 0)
			complain(bytes, length, "pieces change a value");
}

static void check_values(const char *bytes, size_t length, const struct json_scan *whole)
{
	char text[JSON_TEXT_MAX];

	for (size_t i = 0; i < JSON_CASE_PATHS; i++) {
		const struct json_value *value = json_value(whole, i);
		const char *start = bytes + value->start;
		if (!oracle_agrees(json_case_paths[i], start, (size_t)(value->end - value->start)))
			complain(bytes, length, json_case_paths[i]);
		if (json_decode_string(value, text, sizeof(text)) >= 0 && !oracle_is_string(start, value->length, text))
			complain(bytes, length, "a string reads differently");
	}
}

static void check(const char *bytes, size_t length)
{
	struct json_scan whole;

	json_start(&whole, json_case_paths, JSON_CASE_PATHS);
	json_feed(&whole, bytes, length);
	enum json_error verdict = json_end(&whole);
	enum oracle_verdict oracle = oracle_read(bytes, length);
	bool well_formed = verdict == JSON_OK || verdict == JSON_AMBIGUOUS || verdict == JSON_DEEP;

	check_pieces(bytes, length, &whole, verdict);
	if (verdict == JSON_OK && oracle == ORACLE_NOT_JSON)
		complain(bytes, length, "accepted what Jansson refuses");
	if (!well_formed && oracle == ORACLE_JSON)
		complain(bytes, length, "refused what Jansson accepts");
	if (verdict == JSON_OK && oracle == ORACLE_JSON)
		check_values(bytes, length, &whole);
	if (verdict == JSON_OK)
		accepted++;
	else
		refused++;
}

static void flip_bits(const struct json_case *given)
{
	char bytes[DOCUMENT_MAX];

	memcpy(bytes, given->bytes, given->length);
	for (size_t bit = 0; bit < 8 * given->length; bit++) {
		bytes[bit / 8] ^= (char)(1 << bit % 8);
		check(bytes, given->length);
		bytes[bit / 8] ^= (char)(1 << bit % 8);
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
