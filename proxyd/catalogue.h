/*
 * What is known of models: GET /v1/models, /v1/models/{id}, /api/tags, /api/ps and /api/version, answered here with
 * what upstreams list themselves, one after the other.
 */
#ifndef PROXYD_CATALOGUE_H
#define PROXYD_CATALOGUE_H

#include <stdbool.h>

struct stream;

/* --- each may free the stream --- */

/* Answers a stream whose lease is for a list, or asks an upstream first. */
void catalogue_answer(struct stream *stream);

/* Goes on with the upstream's whole answer in stream->kept. */
void catalogue_finish(struct stream *stream);

/* Goes on without the one that was asked; false when there is nothing at all to tell. */
bool catalogue_go_on(struct stream *stream);

/* Gives back what was gathered. */
void catalogue_free(struct stream *stream);

#endif
