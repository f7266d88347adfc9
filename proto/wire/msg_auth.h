/* Messages between edge and authd, and authd's revocations. */
#ifndef WIRE_MSG_AUTH_H
#define WIRE_MSG_AUTH_H

#include "stamp.h"

enum { CREDENTIAL_HASH_SIZE = 32 }; /* SHA-256 of the presented secret */

struct auth_ask {
	uint8_t credential[CREDENTIAL_HASH_SIZE];
	uint8_t request_id[REQUEST_ID_SIZE];
};

enum auth_reason {
	AUTH_UNKNOWN, /* no such key */
	AUTH_REVOKED,
	AUTH_EXPIRED,
	AUTH_UNAVAILABLE, /* authd cannot tell now */
	AUTH_REASON_LAST = AUTH_UNAVAILABLE
};

struct auth_deny {
	enum auth_reason reason;
	char key_id[KEY_ID_MAX + 1]; /* "" when unknown */
};

struct auth_revoke {
	char key_id[KEY_ID_MAX + 1];
	uint64_t generation; /* stamps with a smaller one are void */
};

/* AUTH_GRANT's body is one sealed grant, nothing else. */

void auth_ask_encode(struct wire_out *out, const struct auth_ask *ask);
enum wire_error auth_ask_decode(struct wire_in *in, struct auth_ask *ask);

void auth_deny_encode(struct wire_out *out, const struct auth_deny *deny);
enum wire_error auth_deny_decode(struct wire_in *in, struct auth_deny *deny);

void auth_revoke_encode(struct wire_out *out, const struct auth_revoke *revoke);
enum wire_error auth_revoke_decode(struct wire_in *in, struct auth_revoke *revoke);

#endif
