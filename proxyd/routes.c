#include "routes.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/keyfile.h"
#include "../proto/daemon/log.h"

enum { CREDENTIAL_MAX = 4096 };

#define BEARER "Authorization: Bearer "

static char *join(const char *base, const char *path)
{
	char *url;
	CHECK(asprintf(&url, "%s%s", base, path) >= 0);
	return url;
}

static void make_urls(const struct upstream *upstream, struct route_upstream *route)
{
	static const char v1[] = "/v1";
	bool is_root = upstream->kind == UPSTREAM_OLLAMA;

	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		const char *path = wire_route_info((enum wire_route)i)->path;
		if (upstream_offers(upstream, (enum wire_route)i))
			route->urls[i] = join(upstream->base_url, path + (is_root ? 0 : strlen(v1)));
	}
}

static void add_header(struct curl_slist **list, const char *line)
{
	*list = curl_slist_append(*list, line);
	CHECK(*list != NULL);
}

static struct curl_slist *make_headers(const char *authorization)
{
	struct curl_slist *list = NULL;
	add_header(&list, "Content-Type: application/json");
	add_header(&list, "Accept-Encoding: identity");
	add_header(&list, "Expect:"); /* libcurl would wait for 100 before a large body */
	if (*authorization)
		add_header(&list, authorization);
	return list;
}

/* False and a line in error[size] when the credential is no header value. */
static bool read_credential(const char *path, char *text, char *error, size_t size)
{
	long length = keyfile_read(path, text, CREDENTIAL_MAX);
	if (length < 0) {
		snprintf(error, size, "%s: %s", path, strerror(errno));
		return false;
	}
	for (long i = 0; i < length; i++) {
		if (text[i] < ' ' || text[i] > '~')
			length = 0;
	}
	if (length == 0)
		snprintf(error, size, "%s: must hold a credential in printable ASCII, on one line", path);
	return length > 0;
}

static bool prepare(const struct upstream *upstream, struct route_upstream *route, char *error, size_t size)
{
	char authorization[sizeof(BEARER) + CREDENTIAL_MAX] = "";
	bool good = true;

	if (upstream->api_key_file) {
		strcpy(authorization, BEARER);
		good = read_credential(upstream->api_key_file, authorization + strlen(BEARER), error, size);
	}
	if (good) {
		make_urls(upstream, route);
		route->headers = make_headers(authorization);
	}
	explicit_bzero(authorization, sizeof(authorization));
	return good;
}

struct routes *routes_load(const char *path, uint64_t wall_ms, char *error, size_t size)
{
	struct models *models = models_load(path, error, size);
	if (!models)
		return NULL;
	struct routes *routes = calloc(1, sizeof(*routes));
	CHECK(routes != NULL);
	*routes = (struct routes){.holders = 1, .models = models, .loaded = wall_ms / 1000};
	routes->upstreams = calloc(models->upstream_count, sizeof(*routes->upstreams));
	CHECK(routes->upstreams != NULL);
	for (size_t i = 0; i < models->upstream_count; i++) {
		if (!prepare(&models->upstreams[i], &routes->upstreams[i], error, size)) {
			routes_drop(routes);
			return NULL;
		}
	}
	return routes;
}

struct routes *routes_hold(struct routes *routes)
{
	routes->holders++;
	return routes;
}

static void free_headers(struct curl_slist *list)
{
	for (struct curl_slist *at = list; at; at = at->next)
		explicit_bzero(at->data, strlen(at->data));
	curl_slist_free_all(list);
}

static void clear(struct route_upstream *route)
{
	for (size_t i = 0; i < ROUTE_COUNT; i++)
		free(route->urls[i]);
	free_headers(route->headers);
}

void routes_drop(struct routes *routes)
{
	if (--routes->holders > 0)
		return;
	for (size_t i = 0; i < routes->models->upstream_count; i++)
		clear(&routes->upstreams[i]);
	free(routes->upstreams);
	models_free(routes->models);
	free(routes);
}
