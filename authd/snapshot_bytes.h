/* A snapshot's bytes: a mark with its version, when it was written, the keys, and the seal.  Pure. */
#ifndef AUTHD_SNAPSHOT_BYTES_H
#define AUTHD_SNAPSHOT_BYTES_H

#include "keystore.h"

/* No snapshot of these keys has more bytes. */
size_t snapshot_bytes_max(const struct keystore *keys);

/* Writes all of it; seal_key has STAMP_KEY_SIZE bytes, `now` is ms since the epoch.  Errors stay in out->error. */
void snapshot_bytes_write(struct wire_out *out, const struct keystore *keys, uint64_t now, const uint8_t *seal_key);

/* Fills an empty keystore, and *known with the time of writing.  NULL, or why not; then the keystore is empty. */
const char *snapshot_bytes_read(const uint8_t *data, size_t length, const uint8_t *seal_key, struct keystore *keys,
                                uint64_t *known);

#endif
