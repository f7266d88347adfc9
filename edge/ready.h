/* The step that answers GET /ready: every daemon and every part of it is asked whether it is well. */
#ifndef EDGE_READY_H
#define EDGE_READY_H

#include "../proto/wire/msg_common.h"
#include "links.h"

struct exchange;

/* Asks all four daemons; answers when the last of them has, or the time is over. */
void ready_ask(struct exchange *exchange);

/* One of them has answered. */
void ready_told(struct exchange *exchange, enum hop hop, const struct health *health);

/* The time is over: answers with what is known. */
void ready_expired(struct exchange *exchange);

/* Gives back what was kept of their answers. */
void ready_free(struct exchange *exchange);

#endif
