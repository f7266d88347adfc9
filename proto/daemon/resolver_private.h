/* What travels between a daemon and its resolver; each whole, because the pair of sockets keeps the bounds of messages.
 */
#ifndef DAEMON_RESOLVER_PRIVATE_H
#define DAEMON_RESOLVER_PRIVATE_H

#include "resolver.h"

struct resolver_asked {
	unsigned long id;
	unsigned turn;
	char host[RESOLVER_HOST_MAX + 1];
};

struct resolver_answer {
	unsigned long id;
	char address[RESOLVER_ADDRESS_SIZE]; /* "": none */
};

#endif
