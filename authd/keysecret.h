/* The secret of a key in the tool's hands: made here, or read from standard input.  authd sees only its hash. */
#ifndef AUTHD_KEYSECRET_H
#define AUTHD_KEYSECRET_H

#include "../proto/wire/msg_auth.h"
#include "keytext.h"

struct keysecret {
	char id[KEYTEXT_ID_LENGTH + 1]; /* of the key it opens */
	char text[KEYTEXT_SIZE];        /* the whole key; "" when the secret was brought along */
	char hash[2 * CREDENTIAL_HASH_SIZE + 1];
};

/* Makes a new key; id NULL: with a new id. */
void keysecret_make(struct keysecret *secret, const char *id);

/*
 * Reads one line, which may have spaces inside.  When it is a heimgate key itself and id is NULL, the
 * id is the one it names.  Ends the process with EXIT_USAGE when it is no secret one could present.
 */
void keysecret_read(struct keysecret *secret, const char *id);

/* Forgets it. */
void keysecret_wipe(struct keysecret *secret);

#endif
