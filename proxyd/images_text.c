#include "images_text.h"

#include <stdlib.h>
#include <string.h>

#include "../proto/wire/json_text.h"
#include "../proto/wire/json_wanted.h"

enum { TERM_MAX = 24 }; /* longer than any below */

struct term {
	const char *text;
	enum images_word word;
};

/* Sorted, in lower case and without underscores. */
static const struct term names[] = {
	{"detail", IMAGES_WORD_QUIET},      {"fileid", IMAGES_WORD_QUIET},
	{"filename", IMAGES_WORD_QUIET},    {"format", IMAGES_WORD_SCHEMA},
	{"functions", IMAGES_WORD_SCHEMA},  {"id", IMAGES_WORD_QUIET},
	{"image", IMAGES_WORD_IMAGE},       {"imagedata", IMAGES_WORD_IMAGE},
	{"imageembeds", IMAGES_WORD_IMAGE}, {"imagefile", IMAGES_WORD_IMAGE},
	{"images", IMAGES_WORD_IMAGE},      {"imageurl", IMAGES_WORD_IMAGE},
	{"mask", IMAGES_WORD_IMAGE},        {"mediatype", IMAGES_WORD_QUIET},
	{"mimetype", IMAGES_WORD_QUIET},    {"multimodaldata", IMAGES_WORD_IMAGE},
	{"name", IMAGES_WORD_QUIET},        {"responseformat", IMAGES_WORD_SCHEMA},
	{"status", IMAGES_WORD_QUIET},      {"text", IMAGES_WORD_SCHEMA},
	{"tools", IMAGES_WORD_SCHEMA},      {"ttl", IMAGES_WORD_QUIET},
	{"type", IMAGES_WORD_TYPE},         {"uuid", IMAGES_WORD_QUIET},
	{"videourl", IMAGES_WORD_IMAGE},
};

static const struct term types[] = {
	{"computerscreenshot", IMAGES_WORD_IMAGE},
	{"image", IMAGES_WORD_IMAGE},
	{"imageembeds", IMAGES_WORD_IMAGE},
	{"imagefile", IMAGES_WORD_IMAGE},
	{"imagegenerationcall", IMAGES_WORD_IMAGE},
	{"imagepil", IMAGES_WORD_IMAGE},
	{"imageurl", IMAGES_WORD_IMAGE},
	{"inputimage", IMAGES_WORD_IMAGE},
	{"inputvideo", IMAGES_WORD_IMAGE},
	{"video", IMAGES_WORD_IMAGE},
	{"videourl", IMAGES_WORD_IMAGE},
};

/* Whether the quote is escaped: an odd number of backslashes stands before it. */
static bool is_escaped(const char *text, const char *quote)
{
	const char *at = quote;
	while (at > text && at[-1] == '\\')
		at--;
	return (quote - at) % 2 != 0;
}

/* Most of a body is in few strings, which are gone through as fast as can be. */
const char *images_text_end(const char *text, const char *limit)
{
	const char *quote = memchr(text, '"', (size_t)(limit - text));
	while (is_escaped(text, quote)) {
		text = quote + 1;
		quote = memchr(text, '"', (size_t)(limit - text));
	}
	return quote;
}

static int compare(const void *text, const void *term)
{
	return strcmp(text, ((const struct term *)term)->text);
}

/* Writes the name as terms are written; false when it is longer than any. */
static bool fold(const char *text, const char *end, char folded[TERM_MAX + 1])
{
	char name[JSON_NAME_ROOM + UTF8_MAX];
	size_t length = 0, kept = 0;
	while (text < end && length < JSON_NAME_ROOM)
		length += json_text_decode(&text, name + length);
	for (const char *at = name; at < name + length && kept < TERM_MAX;) {
		char byte = json_wanted_fold(&at, name + length);
		if (byte != '_')
			folded[kept++] = byte;
	}
	folded[kept] = '\0';
	return text == end && kept < TERM_MAX;
}

static enum images_word find(const char *text, const char *end, const struct term *terms, size_t size)
{
	char folded[TERM_MAX + 1];
	if (!fold(text, end, folded))
		return IMAGES_WORD_OTHER;
	const struct term *term = bsearch(folded, terms, size / sizeof(*terms), sizeof(*terms), compare);
	return term ? term->word : IMAGES_WORD_OTHER;
}

enum images_word images_text_word(const char *text, const char *end)
{
	return find(text, end, names, sizeof(names));
}

bool images_text_is_type(const char *text, const char *end)
{
	return find(text, end, types, sizeof(types)) == IMAGES_WORD_IMAGE;
}

/* --- how much is in it --- */

/* The next character, an ASCII letter in lower case; of one that takes more bytes, some byte over 0x7f. */
static char take(const char **text)
{
	char bytes[UTF8_MAX];
	json_text_decode(text, bytes);
	if (bytes[0] >= 'A' && bytes[0] <= 'Z')
		return (char)(bytes[0] - 'A' + 'a');
	return bytes[0];
}

static bool is_blank(char byte)
{
	return (unsigned char)byte <= ' ';
}

static const char *skip_blanks(const char *text, const char *end)
{
	for (const char *next = text; text < end && is_blank(take(&next));)
		text = next;
	return text;
}

static bool begins(const char *text, const char *end, const char *prefix)
{
	for (; *prefix != '\0'; prefix++)
		if (text == end || take(&text) != *prefix)
			return false;
	return true;
}

/* Moves behind a data URL's comma, if it has one; whether base64 follows. */
static bool skip_header(const char **text, const char *end)
{
	static const char mark[] = ";base64,";
	size_t matched = 0;
	for (const char *at = *text; at < end;) {
		char byte = take(&at);
		matched = byte == mark[matched] ? matched + 1 : byte == ';';
		if (byte == ',') {
			*text = at;
			return mark[matched] == '\0';
		}
	}
	return false;
}

static const char *find_escape(const char *text, const char *end)
{
	const char *found = memchr(text, '\\', (size_t)(end - text));
	return found ? found : end;
}

/* Bytes that may be digits of base64. */
static uint64_t count_digits(const char *text, const char *end)
{
	uint64_t found = 0;
	for (; text < end; text++)
		found += *text != '=' && !is_blank(*text);
	return found;
}

static uint64_t count_bytes(const char *text, const char *end)
{
	return (uint64_t)(end - text);
}

/* What is counted in the string when its escapes are decoded. */
static uint64_t count(const char *text, const char *end, uint64_t (*count_in)(const char *text, const char *end))
{
	char bytes[UTF8_MAX];
	const char *escape = find_escape(text, end);
	uint64_t found = count_in(text, escape);
	while (escape < end) {
		text = escape;
		size_t length = json_text_decode(&text, bytes);
		escape = find_escape(text, end);
		found += count_in(bytes, bytes + length) + count_in(text, escape);
	}
	return found;
}

uint64_t images_text_bytes(const char *text, const char *end)
{
	text = skip_blanks(text, end);
	if (begins(text, end, "http://") || begins(text, end, "https://"))
		return 0;
	bool is_base64 = !begins(text, end, "data:") || skip_header(&text, end);
	return is_base64 ? count(text, end, count_digits) * 3 / 4 : count(text, end, count_bytes);
}
