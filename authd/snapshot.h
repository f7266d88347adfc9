/*
 * All keys as they were known last, in a file beside the daemon: so that they
 * work after a start at which the database is unreachable.
 *
 * The file is sealed with keyed BLAKE2b under a key of its own.  An older one
 * put back in its place is as good as the newest; whoever can do that has the
 * key as well.
 */
#ifndef AUTHD_SNAPSHOT_H
#define AUTHD_SNAPSHOT_H

#include "keystore.h"

enum { SNAPSHOT_ERROR_SIZE = 512 };

/* Chooses <directory>/snapshot, and reads the key beside it, which is made at first start.
 * After priv_drop(); ends the process on failure.  Called again, it chooses another. */
void snapshot_open(const char *directory);

/* Writes all keys in place of those there, whole or not at all; `now` is ms since the epoch.
 * 0, or -1 and one line in error[SNAPSHOT_ERROR_SIZE], as below. */
int snapshot_write(const struct keystore *keys, uint64_t now, char *error);

/* Fills an empty keystore, and *known with the time of writing.  -1: there is no snapshot, or not one of ours; the
 * keystore is then empty. */
int snapshot_read(struct keystore *keys, uint64_t *known, char *error);

#endif
