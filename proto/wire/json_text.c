#include "json_text.h"

#include <string.h>

#include "json_steps.h"
#include "json_wanted.h"

/* Whether none of eight bytes is a quote, a backslash, a control or over 0x7f. */
static bool all_plain(const char *bytes)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	uint64_t control = word - ones * 0x20;
	uint64_t quote = (word ^ ones * '"') - ones;
	uint64_t backslash = (word ^ ones * '\\') - ones;
	return ((word | control | quote | backslash) & ones * 0x80) == 0;
}

static bool is_plain(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

static const char *skip_plain(const char *at, const char *limit)
{
	while (limit - at >= 8 && all_plain(at))
		at += 8;
	while (at < limit && is_plain((uint8_t)*at))
		at++;
	return at;
}

/* Skips whole characters of any length; what is cut off or wrong is left to the steps. */
static const char *skip_characters(const char *at, const char *limit)
{
	size_t length;

	do {
		at = skip_plain(at, limit);
		length = at < limit && (uint8_t)*at >= 0x80 ? utf8_length(at, (size_t)(limit - at)) : 0;
		at += length;
	} while (length > 0);
	return at;
}

static void name_put(struct json_scan *scan, const char *bytes, size_t length)
{
	if (scan->keeps_name)
		json_wanted_name_put(scan, bytes, length);
}

static void string_end(struct json_scan *scan)
{
	if (!scan->in_name) {
		scan->at++;
		json_steps_value_end(scan);
	} else if (json_wanted_name_end(scan)) {
		json_steps_consume(scan, JSON_AT_COLON);
	} else {
		json_steps_fail(scan, JSON_AMBIGUOUS);
	}
}

static void tail_start(struct json_scan *scan)
{
	struct utf8_tail tail = utf8_tail((uint8_t)*scan->at);

	if (tail.length == 0) {
		json_steps_fail(scan, JSON_UTF8);
		return;
	}
	scan->tail_left = tail.length;
	scan->tail_low = tail.low;
	scan->tail_high = tail.high;
	name_put(scan, scan->at, 1);
	json_steps_consume(scan, JSON_IN_CHARACTER);
}

void json_text_character(struct json_scan *scan)
{
	uint8_t byte = (uint8_t)*scan->at;

	if (byte < scan->tail_low || byte > scan->tail_high) {
		json_steps_fail(scan, JSON_UTF8);
		return;
	}
	scan->tail_low = 0x80;
	scan->tail_high = 0xbf;
	scan->tail_left--;
	name_put(scan, scan->at, 1);
	json_steps_consume(scan, scan->tail_left > 0 ? JSON_IN_CHARACTER : JSON_IN_STRING);
}

void json_text_string(struct json_scan *scan)
{
	const char *run = scan->at;

	scan->at = skip_characters(run, scan->limit);
	name_put(scan, run, (size_t)(scan->at - run));
	if (scan->at == scan->limit)
		return;
	if (*scan->at == '"')
		string_end(scan);
	else if (*scan->at == '\\')
		json_steps_consume(scan, JSON_AT_ESCAPE);
	else if ((uint8_t)*scan->at < 0x20)
		json_steps_fail(scan, JSON_SYNTAX);
	else
		tail_start(scan);
}

/* What a backslash and this byte stand for; NUL: nothing, or a code point yet to be read. */
static char escape_meaning(char byte)
{
	static const char escapes[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	const char *found = memchr(escapes, byte, sizeof(escapes) - 1);

	if (!found)
		return '\0';
	return meanings[found - escapes];
}

static int hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return -1;
}

static bool is_high(uint32_t code)
{
	return code >= 0xd800 && code <= 0xdbff;
}

static bool is_low(uint32_t code)
{
	return code >= 0xdc00 && code <= 0xdfff;
}

static uint32_t join(uint32_t high, uint32_t low)
{
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static void hex_start(struct json_scan *scan)
{
	scan->code = 0;
	scan->hex_left = 4;
	json_steps_consume(scan, JSON_IN_HEX);
}

void json_text_escape(struct json_scan *scan)
{
	char meaning = escape_meaning(*scan->at);

	if (*scan->at == 'u') {
		scan->high = 0;
		hex_start(scan);
	} else if (meaning != '\0') {
		name_put(scan, &meaning, 1);
		json_steps_consume(scan, JSON_IN_STRING);
	} else {
		json_steps_fail(scan, JSON_SYNTAX);
	}
}

static void code_put(struct json_scan *scan, uint32_t code)
{
	char bytes[UTF8_MAX];

	name_put(scan, bytes, utf8_encode(code, bytes));
	json_steps_consume(scan, JSON_IN_STRING);
}

/* The four digits of an escape are read: a character, or half of one. */
static void hex_end(struct json_scan *scan)
{
	if (is_low(scan->code) != (scan->high != 0)) {
		json_steps_fail(scan, JSON_UTF8);
	} else if (scan->high != 0) {
		code_put(scan, join(scan->high, scan->code));
	} else if (is_high(scan->code)) {
		scan->high = scan->code;
		scan->literal = "\\u";
		json_steps_consume(scan, JSON_AT_LOW_SURROGATE);
	} else {
		code_put(scan, scan->code);
	}
}

void json_text_hex(struct json_scan *scan)
{
	int digit = hex_digit(*scan->at);

	if (digit < 0) {
		json_steps_fail(scan, JSON_SYNTAX);
		return;
	}
	scan->code = scan->code << 4 | (uint32_t)digit;
	scan->hex_left--;
	if (scan->hex_left > 0)
		json_steps_consume(scan, JSON_IN_HEX);
	else
		hex_end(scan);
}

void json_text_low_surrogate(struct json_scan *scan)
{
	if (*scan->at != *scan->literal) {
		json_steps_fail(scan, JSON_UTF8);
	} else if (scan->literal[1] == '\0') {
		hex_start(scan);
	} else {
		scan->literal++;
		scan->at++;
	}
}

static uint32_t hex_value(const char *digits)
{
	uint32_t value = 0;

	for (size_t i = 0; i < 4; i++)
		value = value << 4 | (uint32_t)hex_digit(digits[i]);
	return value;
}

size_t json_text_decode(const char **text, char bytes[UTF8_MAX])
{
	const char *at = *text;

	if (at[0] != '\\') {
		bytes[0] = at[0];
		*text += 1;
		return 1;
	}
	if (at[1] != 'u') {
		bytes[0] = escape_meaning(at[1]);
		*text += 2;
		return 1;
	}
	uint32_t code = hex_value(at + 2);
	*text += 6;
	if (is_high(code)) {
		code = join(code, hex_value(at + 8));
		*text += 6;
	}
	return utf8_encode(code, bytes);
}
