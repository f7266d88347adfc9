/*
 * The credential of a request: "Authorization: Bearer" or "Basic" (RFC 6750,
 * RFC 7617; of Basic only the password counts), x-api-key, or api-key.
 *
 * What leaves this file is the secret's SHA-256 and a form fit to be shown;
 * every copy of the secret made here is wiped here.  The caller's head buffer
 * still holds it and is the caller's to wipe.
 */
#ifndef EDGE_CREDENTIAL_H
#define EDGE_CREDENTIAL_H

#include "../proto/wire/msg_auth.h"
#include "http_parse.h"

enum {
	CREDENTIAL_SECRET_MAX = 4096, /* bytes of a secret */
	CREDENTIAL_MASKED_MAX = 15    /* "sk-XG6GW***wlmi" */
};

enum credential_result {
	CREDENTIAL_NONE, /* nothing was presented: 401 */
	CREDENTIAL_FOUND,
	CREDENTIAL_REFUSED /* unreadable, or several that differ: 400, see reason */
};

struct credential {
	uint8_t hash[CREDENTIAL_HASH_SIZE];     /* SHA-256 of the secret */
	char masked[CREDENTIAL_MASKED_MAX + 1]; /* "***" when the secret is too short to show any of it */
	const char *reason;                     /* valid after CREDENTIAL_REFUSED; static */
};

/* Reads the credential out of a complete head; *credential is meaningful only as its result says. */
enum credential_result credential_find(const struct http_head *head, const char *bytes, struct credential *credential);

#endif
