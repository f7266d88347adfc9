/* What happened, for tests to look at.  Times are CLOCK_MONOTONIC in milliseconds. */
#ifndef MOCKMODEL_EVENTS_H
#define MOCKMODEL_EVENTS_H

#include "answer.h"

/* Begins to record if the options want it. */
void events_open(const struct options *options);

/* What happened on connection number `connection` to its request number `request` (0: none). */
void events_note(const char *event, uint64_t connection, uint64_t request, const char *phase);

/* A request has come in whole; `head` is its head as received. */
void events_note_request(const struct exchange *x, uint64_t connection, uint64_t request, const struct bytes *head);

/* GET /mock/events?after=N: {"events":[...],"last":M}, those numbered above N and the number of the last. */
enum next events_answer(struct exchange *x);

/* GET /mock/requests: {"requests":[...],"last":M}, the last ones. */
enum next events_answer_requests(struct exchange *x);

#endif
