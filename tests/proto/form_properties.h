/* What must hold for every form, whoever made it up: a table of cases, a fuzzer. */
#ifndef TESTS_PROTO_FORM_PROPERTIES_H
#define TESTS_PROTO_FORM_PROPERTIES_H

#include "../../proto/wire/form.h"

/* Judges a whole form of boundary "b" in pieces of so many bytes. */
enum form_error form_properties_scan(struct form *form, const char *bytes, size_t length, size_t piece);

/* NULL, or what is wrong: pieces of this size change the outcome, or a value is not what stands between its offsets. */
const char *form_properties_broken(const char *bytes, size_t length, size_t piece);

#endif
