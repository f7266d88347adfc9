/* The pairwise keys and other small files that must exist before a daemon starts. */
#ifndef DAEMON_KEYFILE_H
#define DAEMON_KEYFILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Reads the stamp key <state>/secrets/<name> (32 bytes) into key, made at first start by whichever of
 * its two readers comes first.  A file of another size, or readable by others, ends the process.
 */
void keyfile_load(const char *state, const char *name, uint8_t *key);

/* Likewise a key that this daemon alone reads, in its own directory. */
void keyfile_load_own(const char *path, uint8_t *key);

/* Reads a small file (a credential) of at most size-1 bytes; trailing newlines are dropped.
 * Returns its length, or -1 + errno (EFBIG when larger). */
long keyfile_read(const char *path, char *text, size_t size);

#endif
