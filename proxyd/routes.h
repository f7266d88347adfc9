/*
 * The running configuration: models.json with everything that asking an
 * upstream needs prepared once, credentials included.  A stream holds the one
 * it began with, so that a reload changes nothing for it.
 */
#ifndef PROXYD_ROUTES_H
#define PROXYD_ROUTES_H

#include "../proto/daemon/models.h"
#include "../proto/wire/msg_common.h"

struct curl_slist;

/* Beside the upstream of the same index in models. */
struct route_upstream {
	char *urls[ROUTE_COUNT];           /* NULL: it does not offer that */
	struct curl_slist *headers;        /* of a request; the first is its Content-Type */
	char trouble[HEALTH_TEXT_MAX + 1]; /* why the last connection failed; "" when it did not */
};

struct routes {
	unsigned holders;
	struct models *models;
	struct route_upstream *upstreams;
	uint64_t loaded; /* s since the epoch */
};

/* Reads models.json and the credentials it names.  The result is held once.
 * NULL when it cannot be used; error[size] then says why in one line. */
struct routes *routes_load(const char *path, uint64_t wall_ms, char *error, size_t size);

struct routes *routes_hold(struct routes *routes);

/* Gives up one hold; the last one frees it and wipes its credentials. */
void routes_drop(struct routes *routes);

#endif
