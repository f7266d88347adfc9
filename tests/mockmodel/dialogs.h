/* OpenAI's responses and Anthropic's messages. */
#ifndef MOCKMODEL_DIALOGS_H
#define MOCKMODEL_DIALOGS_H

#include "answer.h"

enum next dialogs_response(struct exchange *x);
enum next dialogs_message(struct exchange *x);
enum next dialogs_count_tokens(struct exchange *x);

#endif
