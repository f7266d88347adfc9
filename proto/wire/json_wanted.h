/*
 * The half of the JSON scanner that knows which members are wanted: compares
 * names, notes where values stand and keeps their first bytes.  Told by
 * json_steps.c what it has just read.
 */
#ifndef WIRE_JSON_WANTED_H
#define WIRE_JSON_WANTED_H

#include "json.h"

/* Offset of the next byte to be judged. */
static inline uint64_t json_wanted_offset(const struct json_scan *scan)
{
	return scan->base + (uint64_t)(scan->at - scan->bytes);
}

/* A member's name begins. */
void json_wanted_name_start(struct json_scan *scan);

/* Some of its bytes, decoded. */
void json_wanted_name_put(struct json_scan *scan, const char *bytes, size_t length);

/* It is over.  False: two parties could read it differently. */
bool json_wanted_name_end(struct json_scan *scan);

/* The next byte is the first of a value. */
void json_wanted_value_start(struct json_scan *scan, enum json_type type);

/* The next byte is the first after the value at this depth. */
void json_wanted_value_end(struct json_scan *scan);

/* The bytes of this feed are about to go. */
void json_wanted_keep(struct json_scan *scan);

/* Takes the next character of a decoded name; one byte of it stands for all when it folds to an ASCII letter, as
 * lenient decoders fold it. */
char json_wanted_fold(const char **at, const char *limit);

#endif
