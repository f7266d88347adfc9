/* What is left when a stream is over: the lease settled, and a record for history. */
#ifndef PROXYD_ACCOUNT_H
#define PROXYD_ACCOUNT_H

#include "../proto/wire/apierror.h"
#include "../proto/wire/msg_stream.h"

struct proxyd;
struct stream;

/* Settles the stream's lease with what it has used so far; once. */
void account_settle(struct stream *stream);

/* Puts tokens and times into the trailer. */
void account_fill_trailer(const struct stream *stream, struct stream_trailer *trailer);

/* Sends the record of a stream that is over. */
void account_record(const struct stream *stream);

/* Settles and records a request that was not let in. */
void account_refused(struct proxyd *proxyd, const struct stream_open *open, const struct lease *lease,
                     const struct api_error *error);

#endif
