/*
 * The running configuration: models.json with everything that asking an
 * upstream needs prepared once, credentials included.  A stream holds the one
 * it began with, so that a reload changes nothing for it.
 */
#ifndef PROXYD_ROUTES_H
#define PROXYD_ROUTES_H

#include <curl/curl.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/models.h"
#include "standing.h"
#include "upstream.h"

/* Beside the upstream of the same index in models. */
struct route_upstream {
	char *urls[ROUTE_COUNT];         /* NULL: it does not offer that */
	char *health_url;                /* asked to learn how it is */
	struct curl_slist *headers;      /* of a client's request; the first is its Content-Type */
	struct curl_slist *own_headers;  /* of a request of our own: the same, perhaps with more in front */
	struct curl_slist authorization; /* the last of both; its data is a secret, or NULL */
	struct upstream_way way;
	char *certificates; /* in way */
	struct standing *standing;
};

struct routes {
	unsigned holders;
	struct models *models;
	struct route_upstream *upstreams;
	uint64_t loaded; /* s since the epoch */
};

/*
 * Reads models.json and the files it names.  The result is held once; how upstreams stand is taken over from `before`
 * (NULL: nothing is known of any).  NULL when it cannot be used; error[size] then says why in one line.
 */
struct routes *routes_load(const char *path, const struct conf_proxyd *conf, const struct routes *before, char *error,
                           size_t size);

struct routes *routes_hold(struct routes *routes);

/* Gives up one hold; the last one frees it and wipes its credentials. */
void routes_drop(struct routes *routes);

#endif
