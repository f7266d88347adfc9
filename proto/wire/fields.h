/*
 * The body of every message as a table: for documents, and for whoever shows frames.  The daemons read bodies with
 * msg_*.c; tests/proto/fields_t.c and tests/fuzz/frames_fuzz.c hold one against the other.
 */
#ifndef WIRE_FIELDS_H
#define WIRE_FIELDS_H

#include "wire.h"

enum wire_kind {
	FIELD_NONE, /* ends a table */
	FIELD_U8,
	FIELD_U16,
	FIELD_U32,
	FIELD_U64,
	FIELD_BOOL,
	FIELD_ROUTE, /* a u8 */
	FIELD_STR,
	FIELD_BYTES,
	FIELD_FIXED,
	FIELD_BARE,  /* bytes without a length: all that is left */
	FIELD_LEVEL, /* three numbers */
	FIELD_LIST,  /* a u8, and so many times `of` */
	FIELD_KINDS
};

/* What somebody who looks on may see of a field. */
enum wire_sight {
	SIGHT_ALL,
	SIGHT_LENGTH, /* what belongs to clients and models, or is as good as a secret */
	SIGHT_GRANT,  /* a stamp: its length, and of which key it is */
	SIGHT_LEASE
};

enum { FIELD_WORDS_MAX = 8, FIELD_STR_MAX = 4096, FIELD_FIXED_MAX = 32 };

struct wire_field {
	enum wire_kind kind;
	enum wire_sight sight;
	uint32_t min;     /* of a u16 */
	uint32_t max;     /* of a u16 or a list's u8: 0: any; in bytes of str and bytes, and just so many of fixed */
	const char *name; /* in documents */
	const char *note; /* for documents alone, or NULL */
	const struct wire_field *of;
	const char *words[FIELD_WORDS_MAX]; /* of a u8: what its values mean; another value has no meaning */
};

/* The fields of a message in their order, ended by FIELD_NONE; NULL for an unknown type. */
const struct wire_field *wire_fields(unsigned type);

/* How many values have a word; 0: any value has a meaning. */
size_t wire_field_words(const struct wire_field *field);

#endif
