/* Bodies made from the table of fields: every field as large as it may be. */
#ifndef TESTS_PROTO_BODIES_H
#define TESTS_PROTO_BODIES_H

#include "../../proto/wire/fields.h"

/* All fields; the one at `beyond` (NULL: none) is larger by one than it may be. */
void bodies_put(struct wire_out *out, const struct wire_field *fields, const struct wire_field *beyond);

/* What a field that is larger by one is refused with; WIRE_OK: it cannot be. */
enum wire_error bodies_refusal(const struct wire_field *field);

#endif
