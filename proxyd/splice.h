/*
 * The few members of a request body that a gateway must change.  Every other
 * byte stays as the client sent it.
 */
#ifndef PROXYD_SPLICE_H
#define PROXYD_SPLICE_H

#include "../proto/daemon/models.h"
#include "../proto/wire/form.h"
#include "../proto/wire/json.h"
#include "edit.h"

/* What a request's scan must want, in this order. */
#define SPLICE_PATHS "model", "stream", "stream_options", "stream_options.include_usage"

enum splice_member { SPLICE_MODEL, SPLICE_STREAM, SPLICE_OPTIONS, SPLICE_INCLUDE_USAGE, SPLICE_MEMBERS };

enum { SPLICE_NAME_ROOM = 2 * MODEL_NAME_MAX + 3 }; /* a name of which every byte is escaped, in quotes */

/* Whether the client asks for a stream, and for its usage. */
bool splice_wants_stream(const struct json_scan *scan);
bool splice_wants_usage(const struct json_scan *scan);

/* Makes stream_options.include_usage true in `body`, of which `scan` is the finished scan: an object with a "model". */
void splice_usage(struct edits *edits, const char *body, const struct json_scan *scan);

/* Puts a model's name, which has no control characters, in the place of `value`; text holds it and must last as long
 * as the edits. */
void splice_name(struct edits *edits, const struct json_value *value, const char *model, char text[SPLICE_NAME_ROOM]);

/* The same in a form, where it stands as it is. */
void splice_form(struct edits *edits, const struct form_value *value, const char *model);

/*
 * Drops and sets members of `body`, an object with a "model" that the strict scanner has accepted; insert_at: of
 * json_insert_at().  False when a body says one of them twice, or in another case.
 */
bool splice_params(struct edits *edits, const char *body, size_t length, uint64_t insert_at,
                   const struct target *target);

#endif
