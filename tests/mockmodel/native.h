/* Ollama's own API. */
#ifndef MOCKMODEL_NATIVE_H
#define MOCKMODEL_NATIVE_H

#include "answer.h"

enum next native_root(struct exchange *x);
enum next native_version(struct exchange *x);
enum next native_tags(struct exchange *x);
enum next native_ps(struct exchange *x);
enum next native_show(struct exchange *x);
enum next native_chat(struct exchange *x);
enum next native_generate(struct exchange *x); /* without a prompt: loads or unloads the model */

#endif
