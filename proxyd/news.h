/* What limiterd, which chooses targets, is told of upstreams, and what it tells of their slots. */
#ifndef PROXYD_NEWS_H
#define PROXYD_NEWS_H

#include "../proto/daemon/ipc.h"

struct proxyd;

/* Tells of every upstream: the link is up, or time has passed. */
void news_tell_all(struct proxyd *proxyd);

/* Tells of those that may be given work now and might not before, and the other way round. */
void news_tell_changes(struct proxyd *proxyd);

/* Tells what models an upstream of the running configuration lists. */
void news_tell_offer(struct proxyd *proxyd, size_t upstream);

/* Tells all of them: the link is up. */
void news_tell_offers(struct proxyd *proxyd);

/* LIMIT_POOL.  WIRE_OK or the error with which to refuse. */
enum wire_error news_pool(struct proxyd *proxyd, const struct wire_frame *frame);

#endif
