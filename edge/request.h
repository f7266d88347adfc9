/* The steps that read a request: its head, its body. */
#ifndef EDGE_REQUEST_H
#define EDGE_REQUEST_H

#include "../proto/daemon/conf.h"
#include "http_parse.h"

struct exchange;

/* What the head says the body is. */
enum request_media { MEDIA_JSON, MEDIA_OTHER, MEDIA_ENCODED };

void request_init(const struct conf_edge *conf);

/* Bytes for the head or the body; returns how many were taken. */
size_t request_head(struct exchange *exchange, char *bytes, size_t length);
size_t request_body(struct exchange *exchange, const char *bytes, size_t length);

/* The caller may speak: now its body is read. */
void request_admitted(struct exchange *exchange);

/* Judges Content-Type and Content-Encoding; what is absent is taken for JSON, as it is. */
enum request_media request_media(const struct http_head *head, const char *bytes);

#endif
