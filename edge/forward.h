/*
 * The step in which proxyd has the request: body out, answer in, each at
 * most WIRE_STREAM_WINDOW bytes ahead of what the other side has taken.
 */
#ifndef EDGE_FORWARD_H
#define EDGE_FORWARD_H

#include "../proto/wire/msg_stream.h"

struct exchange;

/* An exchange's part of it. */
struct forward {
	bool open;      /* proxyd knows of it and has not ended it */
	size_t sent;    /* bytes of the request body */
	size_t credit;  /* how many more may be sent */
	bool answering; /* the head of the answer is queued for the client */
	bool is_stream; /* the answer can end with an error that its client understands */
	bool is_chunked;
	bool in_line;      /* its last byte ended no line */
	uint64_t promised; /* bytes of an answer that is not chunked */
	uint64_t received; /* of the answer */
	size_t owed;       /* of those, not given back as credit yet */
};

/* Opens a stream with a sealed lease; refuses when proxyd cannot take it. */
void forward_open(struct exchange *exchange, struct wire_bytes lease);

/* What proxyd says.  Credit over WIRE_STREAM_WINDOW is lost.
 * WIRE_OK, or why it may not say that: the exchange has failed then. */
void forward_credit(struct exchange *exchange, const struct stream_credit *credit);
enum wire_error forward_head(struct exchange *exchange, const struct stream_head *head);
enum wire_error forward_data(struct exchange *exchange, struct wire_bytes data);
void forward_trailer(struct exchange *exchange, const struct stream_trailer *trailer);

/* The client took bytes: gives credit for them. */
void forward_sent(struct exchange *exchange);

/* proxyd would not open it: refuses, and the lease goes back to limiterd unused.  After an answer's head it is lost. */
void forward_refused(struct exchange *exchange);

/* proxyd has failed: ends the answer so that the client cannot take it for whole. */
void forward_lost(struct exchange *exchange);

/* Tells proxyd that nobody waits any more. */
void forward_cancel(struct exchange *exchange);

#endif
