/*
 * The few members of a request body that a gateway must change, rewritten in
 * place.  Every other byte stays as the client sent it.
 */
#ifndef PROXYD_SPLICE_H
#define PROXYD_SPLICE_H

#include "../proto/wire/form.h"
#include "../proto/wire/json.h"
#include "../proto/wire/stamp.h"

/* What a request's scan must want, in this order. */
#define SPLICE_PATHS "model", "stream", "stream_options", "stream_options.include_usage"

enum splice_member { SPLICE_MODEL, SPLICE_STREAM, SPLICE_OPTIONS, SPLICE_INCLUDE_USAGE, SPLICE_MEMBERS };

/* Bytes by which a body can grow: a name of which every byte is escaped, and an inserted member. */
enum { SPLICE_GROWTH_MAX = 2 * MODEL_NAME_MAX + 64 };

/* Whether the client asks for a stream, and for its usage. */
bool splice_wants_stream(const struct json_scan *scan);
bool splice_wants_usage(const struct json_scan *scan);

/*
 * body holds `length` bytes, of which `scan` is the finished scan of an object with a "model", and room
 * for SPLICE_GROWTH_MAX more.  model: the name to put in, without control characters; NULL to keep the
 * client's.  usage: make stream_options.include_usage true.  Returns the new length.
 */
size_t splice_body(char *body, size_t length, const struct json_scan *scan, const char *model, bool usage);

/* The same for a name alone, which stands in `value`: in JSON; in a form. */
size_t splice_name(char *body, size_t length, const struct json_value *value, const char *model);
size_t splice_form(char *body, size_t length, const struct form_value *value, const char *model);

#endif
