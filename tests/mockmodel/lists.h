/* Lists of models, and embeddings. */
#ifndef MOCKMODEL_LISTS_H
#define MOCKMODEL_LISTS_H

#include "answer.h"

/* Answers with `whole`, in which $list is the array of `member` filled in for each model. */
enum next lists_answer(struct exchange *x, const char *whole, const char *member);

enum next lists_models(struct exchange *x);
enum next lists_model(struct exchange *x);
enum next lists_embeddings(struct exchange *x);

#endif
