/* Judging a credential.  Pure: the clock is passed in. */
#ifndef AUTHD_VERIFY_H
#define AUTHD_VERIFY_H

#include "keystore.h"

/*
 * True: somebody presented a good secret; *grant says who, and is good until it would be `life` ms old,
 * the key expires, or the secret does.  False: *deny says why not.  Times in ms since the epoch.
 */
bool verify_credential(const struct keystore *keys, const uint8_t *credential, uint64_t now, uint64_t life,
                       struct grant *grant, struct auth_deny *deny);

#endif
