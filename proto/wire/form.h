/*
 * Judges a multipart/form-data body (RFC 7578, RFC 2046 section 5.1) as it
 * arrives, in constant memory, and finds the parts a gateway must know.
 *
 * Strict where two readers could differ: no preamble, no epilogue, CRLF only,
 * no folded headers, one Content-Disposition per part with one quoted or
 * token name, and no parameters but those that RFC 7578 knows.  A second part
 * of a wanted name, one that differs from it only by case, one that is a file,
 * and content in which the boundary begins a line that another reader might
 * see (after CR or LF alone, or at its start) are FORM_AMBIGUOUS.
 *
 * Parts that are files, and those whose names begin with "image" or "mask"
 * in any case, are counted: they are what an image can be in.
 */
#ifndef WIRE_FORM_H
#define WIRE_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FORM_BOUNDARY_MAX = 70, /* RFC 2046 */
	FORM_PARTS_MAX = 256,
	FORM_HEADERS_MAX = 16, /* of one part */
	FORM_LINE_MAX = 1024,  /* bytes of one of them */
	FORM_VALUE_MAX = 256   /* bytes kept of a wanted part */
};

enum form_wanted { FORM_MODEL, FORM_N, FORM_WANTED };

enum form_error {
	FORM_OK,
	FORM_SYNTAX,    /* no multipart/form-data */
	FORM_AMBIGUOUS, /* two parties could read it differently */
	FORM_ENCODED,   /* a part has a Content-Transfer-Encoding that changes its bytes */
	FORM_TOO_LARGE, /* too many parts, or headers too large */
	FORM_TRUNCATED, /* form_end before the last boundary */
	FORM_TRAILING   /* more after it */
};

/* Where a wanted part's content stands.  Offsets count from the first byte ever fed. */
struct form_value {
	bool met;
	bool cut; /* it was longer than text */
	uint16_t length;
	uint64_t start;
	uint64_t end; /* one past its last byte */
	char text[FORM_VALUE_MAX + 1];
};

/* Parts that may be images, and the bytes of their content. */
struct form_files {
	uint32_t count;
	uint64_t bytes;
};

/* Complete so that it can be embedded; its fields are form.c's alone. */
struct form {
	enum form_error error;
	uint8_t state;
	uint8_t matched; /* bytes of the delimiter, or of what follows it, that have come */
	uint8_t delimiter_length;
	uint8_t headers; /* of this part */
	uint16_t parts;
	uint16_t line_length;
	bool named;                /* this part has had its Content-Disposition */
	struct form_value *wanted; /* the value this part is; NULL: any other */
	const char *lead;          /* what stood in front of the dashes being matched, when it is no CRLF; else NULL */
	uint64_t at;               /* offset of the next byte */
	uint64_t content;          /* and of the first of this part's content */
	bool is_image;             /* this part is counted */
	struct form_files files;
	char delimiter[FORM_BOUNDARY_MAX + 5];
	char line[FORM_LINE_MAX];
	struct form_value values[FORM_WANTED];
};

/* Finds the boundary in a Content-Type of `length` bytes; false when that is not multipart/form-data with one, or has
 * a parameter beside it that does not say UTF-8: readers differ in what they make of those. */
bool form_boundary(const char *content_type, size_t length, char boundary[FORM_BOUNDARY_MAX + 1]);

void form_start(struct form *form, const char *boundary);

/* Judges the next bytes.  Returns FORM_OK or the error, which then stays. */
enum form_error form_feed(struct form *form, const char *bytes, size_t length);

/* No more bytes: the verdict. */
enum form_error form_end(struct form *form);

/* Offset of the byte at which the error was found. */
uint64_t form_error_at(const struct form *form);

/* "it is cut off": for error texts.  Static. */
const char *form_error_text(enum form_error error);

/* Valid after form_end() said FORM_OK. */
const struct form_value *form_value(const struct form *form, enum form_wanted wanted);

/* Valid then, too. */
struct form_files form_files(const struct form *form);

/* Copies a value into text[size], NUL-terminated.  Returns its length, or -1 if it is not there, was cut, does not
 * fit, is not UTF-8 or holds U+0000. */
int form_decode(const struct form_value *value, char *text, size_t size);

#endif
