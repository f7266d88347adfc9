/*
 * The half of the JSON scanner that knows the grammar (RFC 8259): a pushdown
 * automaton.  The step of a state is called with at least one byte to judge
 * and consumes as many as it can; the stack is one bit per open level.
 */
#ifndef WIRE_JSON_STEPS_H
#define WIRE_JSON_STEPS_H

#include "json.h"

enum json_state {
	JSON_AT_VALUE, /* the first, as json_start leaves it */
	JSON_AT_FIRST_ELEMENT,
	JSON_AT_FIRST_NAME,
	JSON_AT_NEXT_NAME,
	JSON_AT_COLON,
	JSON_AFTER_VALUE,
	JSON_AFTER_DOCUMENT,
	JSON_IN_LITERAL,
	JSON_IN_STRING,
	JSON_IN_CHARACTER,
	JSON_AT_ESCAPE,
	JSON_IN_HEX,
	JSON_AT_LOW_SURROGATE,
	JSON_AFTER_MINUS,
	JSON_AFTER_ZERO,
	JSON_IN_INTEGER,
	JSON_AFTER_POINT,
	JSON_IN_FRACTION,
	JSON_AFTER_E,
	JSON_AFTER_SIGN,
	JSON_IN_EXPONENT,
	JSON_STATES
};

/* Judges the bytes from scan->at to scan->limit, or up to the first error. */
void json_steps_run(struct json_scan *scan);

/* Whether the document may end here. */
bool json_steps_complete(const struct json_scan *scan);

/* The next byte is wrong. */
void json_steps_fail(struct json_scan *scan, enum json_error error);

/* The next byte is right, and what it leads to. */
static inline void json_steps_consume(struct json_scan *scan, enum json_state next)
{
	scan->at++;
	scan->state = (uint8_t)next;
}

/* The next byte is the first after a value. */
void json_steps_value_end(struct json_scan *scan);

#endif
