/* What the mock says: always the same to the same request. */
#ifndef MOCKMODEL_SCRIPT_H
#define MOCKMODEL_SCRIPT_H

#include "answer.h"

/* Fills x->text and x->values from the request. */
void script_write(struct exchange *x);

/* Words of the prompt, wherever the dialect has it. */
uint64_t script_prompt_words(const json_t *json);

/* Number of words in x->text: a word is a token here, and one chunk of a stream. */
unsigned script_words(const struct exchange *x);

/* Puts the next word into x->values. */
void script_next_word(struct exchange *x);

#endif
