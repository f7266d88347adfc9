/* GET /v1/models and /v1/models/{id}: answered here, with the "*" upstream's list when there is one. */
#ifndef PROXYD_CATALOGUE_H
#define PROXYD_CATALOGUE_H

struct stream;

/* Answers a stream whose lease is for a list, or asks the upstream first.  May free the stream. */
void catalogue_answer(struct stream *stream);

/* The same, with the upstream's whole answer in stream->kept. */
void catalogue_finish(struct stream *stream);

#endif
