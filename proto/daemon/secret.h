/*
 * Memory for secrets (libsodium's guarded heap): never swapped out, left out of core dumps, between pages that end
 * whoever runs over its edge, wiped when freed.  What a library copies in order to send it is the library's.
 */
#ifndef DAEMON_SECRET_H
#define DAEMON_SECRET_H

#include <stddef.h>

/*
 * size zeroed bytes.  Ends the process when there is no memory; beyond RLIMIT_MEMLOCK it is like other memory in that
 * it may be swapped out, and the log says so once.
 */
void *secret_new(size_t size);

/* From now on, writing to it ends the process. */
void secret_seal(void *secret);

/* Wipes and frees it, sealed or not.  NULL is allowed. */
void secret_free(const void *secret);

#endif
