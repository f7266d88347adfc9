/* The pairwise keys and other small files that must exist before a daemon starts. */
#ifndef DAEMON_KEYFILE_H
#define DAEMON_KEYFILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * The stamp key <state>/secrets/<name> (STAMP_KEY_SIZE bytes), made at first start by whichever of its two readers
 * comes first, in sealed memory for secrets: end it with secret_free().  A file of another size, or readable by
 * others, ends the process.
 */
const uint8_t *keyfile_load(const char *state, const char *name);

/* Likewise a key that this daemon alone reads, in its own directory. */
const uint8_t *keyfile_load_own(const char *path);

/* Reads a small file (a credential) of at most size-1 bytes; trailing newlines are dropped.
 * Returns its length, or -1 + errno (EFBIG when larger). */
long keyfile_read(const char *path, char *text, size_t size);

#endif
