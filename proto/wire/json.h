/*
 * A validating JSON scanner (RFC 8259) that finds the few members a gateway
 * must know and builds no tree.  It is fed bytes as they arrive and never
 * looks back, so a body of any size is judged in constant memory.
 *
 * Strict: UTF-8 (RFC 3629) inside strings, no lone surrogate escapes, nesting at most
 * JSON_DEPTH_MAX, one value and then only white space.
 *
 * A wanted member is named by a path of one or two names: "model",
 * "stream_options.include_usage".  Names are compared as JSON means them
 * (escapes decoded).  A second member of the same name, and one that differs
 * from a wanted name only by case (as lenient decoders fold it, U+017F and
 * U+212A included) or by what stands behind a U+0000 (where a decoder in C may
 * end it), is JSON_AMBIGUOUS: two parties could read it differently.
 *
 * Jansson, which serves the control plane, has JSON_STRING and the like too:
 * no file includes both headers.
 */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	JSON_DEPTH_MAX = 64,
	JSON_WANTED_MAX = 8,
	JSON_NAME_MAX = 64, /* longest wanted name */
	JSON_TEXT_MAX = 512 /* bytes kept of a wanted value */
};

enum json_type { JSON_ABSENT, JSON_NULL, JSON_TRUE, JSON_FALSE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

enum json_error {
	JSON_OK,
	JSON_SYNTAX,    /* not JSON */
	JSON_UTF8,      /* not UTF-8, or a lone surrogate */
	JSON_DEEP,      /* nested deeper than JSON_DEPTH_MAX */
	JSON_AMBIGUOUS, /* a wanted member stands there twice, or in another case */
	JSON_TRUNCATED, /* json_end before the value was complete */
	JSON_TRAILING   /* more after the value */
};

/* Where a wanted value stands.  Offsets count from the first byte ever fed. */
struct json_value {
	enum json_type type;
	uint64_t start;  /* first byte of the value */
	uint64_t end;    /* one past its last byte */
	uint16_t length; /* bytes of text kept: raw, strings with their quotes */
	bool cut;        /* the value was longer than text */
	char text[JSON_TEXT_MAX + 1];
};

enum { JSON_NAME_ROOM = 3 * JSON_NAME_MAX }; /* U+212A, three bytes, folds to one */

/*
 * Complete so that it can be embedded; its fields are the scanner's alone.
 * Sets of wanted paths are masks: bit i for paths[i].  Pairs belong to the
 * two levels at which a wanted member can stand.
 */
struct json_scan {
	const char *const *paths;
	const char *bytes;   /* the feed in progress: its first byte, */
	const char *at;      /* the next one to judge, */
	const char *limit;   /* and one past its last */
	const char *literal; /* what must still come of true, false or null */
	uint64_t base;       /* offset of bytes[0] */
	uint64_t error_at;
	uint64_t insert_at;
	uint64_t objects; /* a bit per open level, the innermost lowest: object, not array */
	uint32_t code;    /* the \u escape being read */
	uint32_t high;    /* the high surrogate that waits for its other half, or 0 */
	enum json_error error;
	enum json_type top; /* of the document */
	uint8_t state;      /* index of the step that judges the next byte */
	uint8_t depth;
	uint8_t count;
	uint8_t nested;    /* paths of two names */
	uint8_t met[2];    /* members that have stood at their level */
	uint8_t named[2];  /* members the last name at that level wanted */
	uint8_t open[2];   /* values being kept */
	uint8_t hex_left;  /* digits of the \u escape still to come */
	uint8_t tail_left; /* UTF-8 continuation bytes still to come; */
	uint8_t tail_low;  /* the range of the next one */
	uint8_t tail_high;
	uint8_t name_length;
	bool in_name;    /* the string being read is a member's name, */
	bool keeps_name; /* one that may be wanted, */
	bool name_cut;   /* and is longer than is kept of it */
	bool has_members;
	uint8_t first_length[JSON_WANTED_MAX]; /* of each path's first name */
	char name[JSON_NAME_ROOM];
	struct json_value values[JSON_WANTED_MAX];
};

/*
 * paths[count] must outlive the scan; count <= JSON_WANTED_MAX.
 * A path of two names needs no entry for its first name.
 */
void json_start(struct json_scan *scan, const char *const *paths, size_t count);

/* Judges the next bytes.  Returns JSON_OK or the error, which then stays. */
enum json_error json_feed(struct json_scan *scan, const char *bytes, size_t length);

/* No more bytes: the verdict. */
enum json_error json_end(struct json_scan *scan);

/* Offset of the byte at which the error was found. */
uint64_t json_error_at(const struct json_scan *scan);

/* "nested deeper than 64 levels": for error texts.  Static. */
const char *json_error_text(enum json_error error);

/* The value wanted by paths[index]; valid after json_end() said JSON_OK (type JSON_ABSENT if not there). */
const struct json_value *json_value(const struct json_scan *scan, size_t index);

/* Top-level shape: whether the document is an object; false before its first byte. */
bool json_is_object(const struct json_scan *scan);

/* Offset of the byte just after the document's opening brace and whether any member follows:
 * where a new first member can be spliced in. */
uint64_t json_insert_at(const struct json_scan *scan);
bool json_is_empty(const struct json_scan *scan);

/* Decodes the escapes of a kept string value into text[size], NUL-terminated.
 * Returns its length, or -1 if the value is no string, was cut, does not fit, or holds U+0000. */
int json_decode_string(const struct json_value *value, char *text, size_t size);

/* A kept number as an integer >= 0; -1 if it is no number, has a fraction or exponent,
 * is negative (-0 included) or over INT64_MAX. */
int64_t json_decode_integer(const struct json_value *value);

#endif
