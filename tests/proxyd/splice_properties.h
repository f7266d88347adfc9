/* What must hold of a body that was changed, as Jansson reads it. */
#ifndef TESTS_PROXYD_SPLICE_PROPERTIES_H
#define TESTS_PROXYD_SPLICE_PROPERTIES_H

#include <stddef.h>

/* Of a body whose model became `new "name"`, that lost "a" and "logit_bias", and in which "c" is [1] and the usage is
 * asked for: NULL, or what is broken.  Static. */
const char *splice_properties_broken(const char *body, size_t length, const char *changed, size_t changed_length);

#endif
