/*
 * Client connections: reading, writing, deadlines, the end.  What is said on
 * them is exchange.c's business; one exchange at a time, and bytes that
 * arrive early wait in the input buffer, HEIMGATE_HEADER_MAX of them.
 *
 * An idle connection holds no buffers.  A client that goes away is noticed
 * whatever its exchange is waiting for.
 */
#ifndef EDGE_CONN_H
#define EDGE_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../proto/daemon/conf.h"
#include "peers.h"

struct conn;

/* Call once, before the first link is opened: the loop then settles connections before links, and the
 * frames that follow from it leave in the same batch. */
void conn_init(const struct conf_edge *conf);

/*
 * Takes over a connected, non-blocking descriptor and its count among the peers; `client` is its printed
 * address.  -1 when that cannot be: both stay the caller's.
 */
int conn_add(int fd, struct peer *peer, const char *client);

unsigned conn_count(void);

/* From now on connections end with the exchange they are in; idle ones end at once. */
void conn_wind_down(void);

/* --- for the exchange on it --- */

const char *conn_client(const struct conn *conn);

/* Queues bytes for the client; they leave at the end of the batch.  Without memory for them the connection is cut, and
 * nothing more is queued. */
void conn_put(struct conn *conn, const char *bytes, size_t length);

/* Bytes queued and not yet taken by the client. */
size_t conn_unsent(const struct conn *conn);

/* When exchange_expired() is to be called; 0: never. */
void conn_deadline(struct conn *conn, int64_t after_ms);

/* Looks at the exchange again at the end of the batch. */
void conn_settle(struct conn *conn);

/* Ends the connection at the end of the batch, in a way that the client cannot take for the answer's end. */
void conn_cut(struct conn *conn);

#endif
