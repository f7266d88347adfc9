/* What must hold for the images of every document, whoever made it up: a table of cases, a fuzzer. */
#ifndef TESTS_PROXYD_IMAGES_PROPERTIES_H
#define TESTS_PROXYD_IMAGES_PROPERTIES_H

#include "../../proxyd/images.h"

/* False: it is no document that the scanner accepts, and nothing is said about it. */
bool images_properties_count(const char *bytes, size_t length, struct images *images);

/*
 * NULL, or what is wrong: there are more bytes of images than bytes, or it
 * makes a difference whether characters are escaped and blanks between
 * tokens, or two of the same are not twice as much.
 */
const char *images_properties_broken(const char *bytes, size_t length);

#endif
