/*
 * What is known of models: GET /v1/models, /v1/models/{id}, /api/tags, /api/ps and /api/version, answered here with
 * what an upstream lists itself.
 */
#ifndef PROXYD_CATALOGUE_H
#define PROXYD_CATALOGUE_H

struct stream;

/* Answers a stream whose lease is for a list, or asks the upstream first.  May free the stream. */
void catalogue_answer(struct stream *stream);

/* The same, with the upstream's whole answer in stream->kept. */
void catalogue_finish(struct stream *stream);

#endif
