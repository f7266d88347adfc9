/* Answers in words: chat and completions, in every dialect. */
#ifndef MOCKMODEL_GENERATE_H
#define MOCKMODEL_GENERATE_H

#include "answer.h"

/* Writes the whole answer, or the first step of a stream.  x->json is there. */
enum next generate_begin(struct exchange *x, const struct form *form, bool stream);

/* Writes the next step of a stream. */
enum next generate_step(struct exchange *x);

#endif
