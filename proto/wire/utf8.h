/* UTF-8 (RFC 3629): well-formed sequences only, surrogates and overlong forms excluded. */
#ifndef WIRE_UTF8_H
#define WIRE_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { UTF8_MAX = 4 }; /* bytes of one character */

/* What may follow a lead byte. */
struct utf8_tail {
	uint8_t length; /* continuation bytes; 0: the byte leads no sequence */
	uint8_t low;    /* range of the first of them; the others are 0x80 to 0xbf */
	uint8_t high;
};

/* For bytes over 0x7f. */
struct utf8_tail utf8_tail(uint8_t lead);

/* Bytes of the character at the start of text[length]: 1 to UTF8_MAX, or 0 when it is malformed or cut off. */
size_t utf8_length(const char *text, size_t length);

/* Writes a code point that is no surrogate and not over U+10FFFF; returns its bytes. */
size_t utf8_encode(uint32_t code, char bytes[UTF8_MAX]);

#endif
