/* What the mock says: always the same to the same request. */
#ifndef MOCKMODEL_SCRIPT_H
#define MOCKMODEL_SCRIPT_H

#include "answer.h"

/* Fills x->text and x->values from the request.  A tool's arguments are what is to be said, or {}. */
void script_write(struct exchange *x);

/* The name of the tool that is to be called: the first there is, when a person spoke last.  NULL: no call. */
const char *script_tool(const struct exchange *x);

/* Words of the prompt, wherever the dialect has it. */
uint64_t script_prompt_words(const json_t *json);

/* Number of words in x->text: a word is a token here, and one chunk of a stream. */
unsigned script_words(const struct exchange *x);

/* Puts the next word, or all words where they come at once, into x->values. */
void script_next_word(struct exchange *x);

#endif
