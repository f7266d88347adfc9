/* The strings of a JSON body, as images.c looks at them: raw, between their quotes, in a body that json.h accepted. */
#ifndef PROXYD_IMAGES_TEXT_H
#define PROXYD_IMAGES_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* What a member's name says of its value. */
enum images_word {
	IMAGES_WORD_OTHER,
	IMAGES_WORD_TYPE,  /* it says what kind the object is of */
	IMAGES_WORD_IMAGE, /* it is an image, or a list of them */
	IMAGES_WORD_QUIET, /* its strings are no part of an image, */
	IMAGES_WORD_SCHEMA /* and at the top it describes what tools and answers are like */
};

/* The quote that ends the string; it is before the limit. */
const char *images_text_end(const char *text, const char *limit);

enum images_word images_text_word(const char *text, const char *end);

/* Whether an object of this "type" is an image. */
bool images_text_is_type(const char *text, const char *end);

/* How many bytes of an image it stands for. */
uint64_t images_text_bytes(const char *text, const char *end);

#endif
