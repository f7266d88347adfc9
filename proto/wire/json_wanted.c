#include "json_wanted.h"

#include <string.h>

enum { LEVELS = 2 }; /* at which wanted members can stand: depth 1 and 2 */

/* LEVELS or more: nothing wanted can stand at this depth. */
static unsigned level_of(const struct json_scan *scan)
{
	return scan->depth - 1u;
}

static bool in_mask(unsigned mask, unsigned index)
{
	return mask >> index & 1;
}

/* The paths whose name at this depth the next name may be. */
static unsigned candidates(const struct json_scan *scan)
{
	switch (scan->depth) {
	case 1:
		return (1u << scan->count) - 1;
	case 2:
		return scan->named[0] & scan->nested;
	default:
		return 0;
	}
}

void json_wanted_name_start(struct json_scan *scan)
{
	scan->in_name = true;
	scan->keeps_name = candidates(scan) != 0;
	scan->name_length = 0;
	scan->name_cut = false;
	scan->has_members |= scan->depth == 1;
}

void json_wanted_name_put(struct json_scan *scan, const char *bytes, size_t length)
{
	size_t room = (size_t)JSON_NAME_ROOM - scan->name_length;

	scan->name_cut |= length > room; /* longer than any wanted name, however folded */
	length = length < room ? length : room;
	memcpy(scan->name + scan->name_length, bytes, length);
	scan->name_length = (uint8_t)(scan->name_length + length);
}

char json_wanted_fold(const char **at, const char *limit)
{
	size_t left = (size_t)(limit - *at);
	char byte = **at;

	if (left >= 2 && memcmp(*at, "\xc5\xbf", 2) == 0) {
		*at += 2;
		return 's';
	}
	if (left >= 3 && memcmp(*at, "\xe2\x84\xaa", 3) == 0) {
		*at += 3;
		return 'k';
	}
	*at += 1;
	if (byte >= 'A' && byte <= 'Z')
		return (char)(byte - 'A' + 'a');
	return byte;
}

static bool same_but_for_case(const char *a, size_t a_length, const char *b, size_t b_length)
{
	const char *a_limit = a + a_length;
	const char *b_limit = b + b_length;

	while (a < a_limit && b < b_limit)
		if (json_wanted_fold(&a, a_limit) != json_wanted_fold(&b, b_limit))
			return false;
	return a == a_limit && b == b_limit;
}

/* Compares the name just read with the one paths[index] has at this level. */
static bool compare(struct json_scan *scan, unsigned level, unsigned index)
{
	size_t first = scan->first_length[index];
	const char *wanted = level == 0 ? scan->paths[index] : scan->paths[index] + first + 1;
	size_t length = level == 0 ? first : strlen(wanted);
	size_t up_to_nul = strnlen(scan->name, scan->name_length); /* all that some readers see of it */

	if (up_to_nul == scan->name_length && scan->name_cut)
		return true;
	if (!same_but_for_case(scan->name, up_to_nul, wanted, length))
		return true;
	bool exact = scan->name_length == length && memcmp(scan->name, wanted, length) == 0;
	if (!exact || in_mask(scan->met[level], index))
		return false;
	scan->met[level] |= (uint8_t)(1u << index);
	scan->named[level] |= (uint8_t)(1u << index);
	return true;
}

bool json_wanted_name_end(struct json_scan *scan)
{
	unsigned mask = scan->keeps_name ? candidates(scan) : 0;

	for (unsigned i = 0; i < scan->count; i++)
		if (in_mask(mask, i) && !compare(scan, level_of(scan), i))
			return false;
	return true;
}

void json_wanted_value_start(struct json_scan *scan, enum json_type type)
{
	unsigned level = level_of(scan);

	if (scan->depth == 0)
		scan->top = type;
	if (level >= LEVELS)
		return;
	scan->open[level] = (uint8_t)(scan->named[level] & (level == 0 ? ~scan->nested : ~0));
	for (unsigned i = 0; i < scan->count; i++)
		if (in_mask(scan->open[level], i)) {
			scan->values[i].type = type;
			scan->values[i].start = json_wanted_offset(scan);
		}
}

static void keep(const struct json_scan *scan, struct json_value *value)
{
	uint64_t from = value->start + value->length;
	size_t length = (size_t)(json_wanted_offset(scan) - from);
	size_t room = (size_t)JSON_TEXT_MAX - value->length;

	if (value->cut)
		return;
	if (length > room) {
		length = room;
		value->cut = true;
	}
	memcpy(value->text + value->length, scan->bytes + (from - scan->base), length);
	value->length = (uint16_t)(value->length + length);
	value->text[value->length] = '\0';
}

static void keep_level(struct json_scan *scan, unsigned level)
{
	for (unsigned i = 0; i < scan->count; i++)
		if (in_mask(scan->open[level], i))
			keep(scan, &scan->values[i]);
}

void json_wanted_keep(struct json_scan *scan)
{
	for (unsigned level = 0; level < LEVELS; level++)
		keep_level(scan, level);
}

void json_wanted_value_end(struct json_scan *scan)
{
	unsigned level = level_of(scan);

	if (level >= LEVELS)
		return;
	keep_level(scan, level);
	for (unsigned i = 0; i < scan->count; i++)
		if (in_mask(scan->open[level], i))
			scan->values[i].end = json_wanted_offset(scan);
	scan->open[level] = 0;
	scan->named[level] = 0;
}
