/*
 * How many connections each client address has.  An IPv6 client counts by
 * its /64, which is the least that one subscriber is given (RFC 6177).
 */
#ifndef EDGE_PEERS_H
#define EDGE_PEERS_H

#include <netinet/in.h>
#include <stddef.h>

struct peer; /* one address with at least one connection */

/* Counts one more connection of the address; NULL, and nothing is counted, when it would be more than `max`. */
struct peer *peers_add(const struct sockaddr_storage *address, unsigned max);

/* Counts one less; the peer may be gone afterwards. */
void peers_remove(struct peer *peer);

/* Prints the address into text[size], at least INET6_ADDRSTRLEN; an IPv4 address inside IPv6 as IPv4. */
void peers_print(const struct sockaddr_storage *address, char *text, size_t size);

#endif
