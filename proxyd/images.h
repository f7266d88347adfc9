/*
 * How many images a request carries, and how many bytes of them: for keys
 * that may send only so much.
 *
 * Of JSON this is a second pass over a body that json.h has accepted, in
 * constant memory.  Images are, at any depth: values of members such as
 * image_url, image and images, each of them in a list, and objects whose
 * "type" is that of an image.  Names are compared without regard to escapes,
 * case and underscores, and a member that is repeated counts each time.
 *
 * Bytes are what base64 (bare, or in a data URL) decodes to.  An image that
 * is named by an http URL or the id of a file has none; whatever else is a
 * string in an image, and is not known to be something else, is taken for
 * base64.  Video counts as an image; sound and documents do not.
 */
#ifndef PROXYD_IMAGES_H
#define PROXYD_IMAGES_H

#include <stddef.h>

#include "../proto/wire/stamp.h"
#include "problem.h"

struct images {
	uint64_t count;
	uint64_t bytes; /* decoded */
};

struct images images_in_json(const char *body, size_t length);

/* Whether a key with that scope may send them; PROBLEM_NONE: it may. */
enum problem images_judge(struct images images, const struct scope *scope);

#endif
