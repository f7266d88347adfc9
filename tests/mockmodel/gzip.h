/* gzip (RFC 1952) without compressing: enough to see who unpacks. */
#ifndef MOCKMODEL_GZIP_H
#define MOCKMODEL_GZIP_H

#include "bytes.h"

/* Appends one member of stored blocks; several members in a row are one gzip file. */
void gzip_member(struct bytes *out, const char *data, size_t length);

#endif
