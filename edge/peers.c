#include "peers.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096, NETWORK_SIZE = 8 };

struct peer {
	uint64_t network;
	unsigned connections;
	struct peer *next; /* in the bucket */
};

static struct peer *buckets[BUCKETS];

static bool is_mapped(const struct sockaddr_storage *address)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
	return address->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr);
}

/* Where the four bytes of an IPv4 address stand; NULL when it is an IPv6 one. */
static const void *ipv4_bytes(const struct sockaddr_storage *address)
{
	if (is_mapped(address))
		return &((const struct sockaddr_in6 *)address)->sin6_addr.s6_addr[12];
	return address->ss_family == AF_INET ? &((const struct sockaddr_in *)address)->sin_addr : NULL;
}

/* The upper half of an IPv6 address, or an IPv4 address behind zeros: no IPv6 network in use begins with those. */
static uint64_t network_of(const struct sockaddr_storage *address)
{
	const void *four = ipv4_bytes(address);
	uint8_t bytes[NETWORK_SIZE] = {0};
	uint64_t network;
	if (four)
		memcpy(bytes + NETWORK_SIZE - sizeof(struct in_addr), four, sizeof(struct in_addr));
	else
		memcpy(bytes, &((const struct sockaddr_in6 *)address)->sin6_addr, NETWORK_SIZE);
	memcpy(&network, bytes, sizeof(network));
	return network;
}

static struct peer **bucket_of(uint64_t network)
{
	return &buckets[(network * UINT64_C(0x9e3779b97f4a7c15)) >> 52];
}

static struct peer *make(uint64_t network)
{
	struct peer **bucket = bucket_of(network);
	struct peer *peer = malloc(sizeof(*peer));
	if (!peer)
		return NULL;
	*peer = (struct peer){.network = network, .next = *bucket};
	*bucket = peer;
	return peer;
}

struct peer *peers_add(const struct sockaddr_storage *address, unsigned max)
{
	uint64_t network = network_of(address);
	struct peer *peer = *bucket_of(network);
	while (peer && peer->network != network)
		peer = peer->next;
	if (!peer)
		peer = make(network);
	if (!peer || peer->connections >= max)
		return NULL;
	peer->connections++;
	return peer;
}

void peers_remove(struct peer *peer)
{
	struct peer **link = bucket_of(peer->network);
	if (--peer->connections > 0)
		return;
	while (*link != peer)
		link = &(*link)->next;
	*link = peer->next;
	free(peer);
}

void peers_print(const struct sockaddr_storage *address, char *text, size_t size)
{
	const void *four = ipv4_bytes(address);
	const void *bytes = four ? four : &((const struct sockaddr_in6 *)address)->sin6_addr;
	if (!inet_ntop(four ? AF_INET : AF_INET6, bytes, text, (socklen_t)size))
		snprintf(text, size, "unknown");
}
