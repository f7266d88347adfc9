/* The steps that read a request: its head, its body. */
#ifndef EDGE_REQUEST_H
#define EDGE_REQUEST_H

#include "../proto/daemon/conf.h"
#include "http_parse.h"

struct exchange;

/* What the head says the body is, for this route. */
enum request_media { MEDIA_SUITS, MEDIA_OTHER, MEDIA_ENCODED };

void request_init(const struct conf_edge *conf);

/* Bytes for the head or the body; returns how many were taken. */
size_t request_head(struct exchange *exchange, char *bytes, size_t length);
size_t request_body(struct exchange *exchange, const char *bytes, size_t length);

/* The caller may speak: now its body is read. */
void request_admitted(struct exchange *exchange);

#endif
