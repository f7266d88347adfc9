/* Lists of models, and embeddings. */
#ifndef MOCKMODEL_LISTS_H
#define MOCKMODEL_LISTS_H

#include "answer.h"

/* Answers with `whole`, in which $list is the array of `member` filled in for each model. */
enum next lists_answer(struct exchange *x, const char *whole, const char *member);

enum next lists_models(struct exchange *x);
enum next lists_model(struct exchange *x);
enum next lists_embeddings(struct exchange *x);

/* Ollama's own: the newer and the older. */
enum next lists_embed(struct exchange *x);
enum next lists_embed_one(struct exchange *x);

enum next lists_moderations(struct exchange *x);
enum next lists_rerank(struct exchange *x);

#endif
