/* The steps that ask who is calling, and whether they may, now. */
#ifndef EDGE_ADMIT_H
#define EDGE_ADMIT_H

#include "../proto/wire/msg_auth.h"
#include "../proto/wire/msg_limit.h"

struct exchange;

/* Finds out whose credential it is: from a kept grant, else from authd. */
void admit_identify(struct exchange *exchange);

/* Asks limiterd for a lease. */
void admit_take(struct exchange *exchange);

/* The replies. */
void admit_granted(struct exchange *exchange, struct wire_bytes sealed);
void admit_denied(struct exchange *exchange, const struct auth_deny *deny);
void admit_leased(struct exchange *exchange, const struct limit_lease *lease);
void admit_limited(struct exchange *exchange, const struct limit_deny *deny);

/* Gives back what limiterd holds. */
void admit_withdraw(struct exchange *exchange);

#endif
