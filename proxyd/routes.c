#include "routes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/keyfile.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/secret.h"

enum { CREDENTIAL_MAX = 4096, CERTIFICATES_MAX = 1024 * 1024, AUTHORIZATION_MAX = CREDENTIAL_MAX + 32 };

#define ANTHROPIC_VERSION "anthropic-version: 2023-06-01"

/* --- URLs --- */

static char *join(const char *base, size_t length, const char *path)
{
	char *url;
	CHECK(asprintf(&url, "%.*s%s", (int)length, base, path) >= 0);
	return url;
}

static void make_urls(const struct upstream *upstream, struct route_upstream *route)
{
	static const char v1[] = "/v1";
	bool is_root = upstream->kind == UPSTREAM_OLLAMA;

	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		const char *path = wire_route_info((enum wire_route)i)->path;
		if (upstream_offers(upstream, (enum wire_route)i))
			route->urls[i] = join(upstream->base_url, strlen(upstream->base_url), path + (is_root ? 0 : strlen(v1)));
	}
}

/* Of "https://host/path" the length of what comes before the path. */
static size_t root_length(const char *url)
{
	const char *host = strstr(url, "://") + strlen("://");
	return (size_t)(host - url) + strcspn(host, "/");
}

static void make_health_url(const struct upstream *upstream, struct route_upstream *route)
{
	enum wire_route usual = upstream->kind == UPSTREAM_OLLAMA ? ROUTE_API_VERSION : ROUTE_MODELS;
	if (upstream->health_path)
		route->health_url = join(upstream->base_url, root_length(upstream->base_url), upstream->health_path);
	else
		route->health_url = join(route->urls[usual], strlen(route->urls[usual]), "");
}

/* --- headers --- */

static void add_header(struct curl_slist **list, const char *line)
{
	*list = curl_slist_append(*list, line);
	CHECK(*list != NULL);
}

static void add_authorization(struct route_upstream *route)
{
	struct curl_slist *last = route->headers;
	while (last->next)
		last = last->next;
	if (route->authorization.data)
		last->next = &route->authorization;
}

static void make_headers(const struct upstream *upstream, struct route_upstream *route)
{
	add_header(&route->headers, "Content-Type: application/json");
	add_header(&route->headers, "Accept-Encoding: identity");
	add_header(&route->headers, "Expect:"); /* libcurl would wait for 100 before a large body */
	for (size_t i = 0; i < upstream->header_count; i++)
		add_header(&route->headers, upstream->headers[i]);
	add_authorization(route);
	route->own_headers = route->headers;
	if (upstream->kind != UPSTREAM_ANTHROPIC)
		return;
	route->own_headers = curl_slist_append(NULL, ANTHROPIC_VERSION); /* which clients say themselves */
	CHECK(route->own_headers != NULL);
	route->own_headers->next = route->headers;
}

/* --- files --- */

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

static const char *authorization_name(enum upstream_kind kind)
{
	if (kind == UPSTREAM_ANTHROPIC)
		return "x-api-key: ";
	return kind == UPSTREAM_AZURE ? "api-key: " : "Authorization: Bearer ";
}

static bool read_authorization(const struct upstream *upstream, struct route_upstream *route, char *error, size_t size)
{
	if (!upstream->api_key_file)
		return true;
	route->authorization.data = secret_new(AUTHORIZATION_MAX);
	char *end = stpcpy(route->authorization.data, authorization_name(upstream->kind));
	bool good = read_credential(upstream->api_key_file, end, error, size);
	secret_seal(route->authorization.data);
	return good;
}

/* Certificates are read now: later nobody may be able to. */
static bool read_certificates(const struct upstream *upstream, struct route_upstream *route, char *error, size_t size)
{
	if (!upstream->ca_file)
		return true;
	route->certificates = calloc(1, CERTIFICATES_MAX + 1);
	CHECK(route->certificates != NULL);
	FILE *file = fopen(upstream->ca_file, "re");
	size_t length = file ? fread(route->certificates, 1, CERTIFICATES_MAX, file) : 0;
	bool good = file && !ferror(file) && strstr(route->certificates, "-----BEGIN CERTIFICATE-----");
	if (!file)
		snprintf(error, size, "%s: %s", upstream->ca_file, strerror(errno));
	else if (!good)
		snprintf(error, size, "%s: holds no certificate in PEM", upstream->ca_file);
	if (file)
		fclose(file);
	route->way.certificates = route->certificates;
	route->way.certificates_length = length;
	return good;
}

/* --- one upstream, and all --- */

static unsigned either(unsigned own, int64_t usual)
{
	return own > 0 ? own : (unsigned)usual;
}

static void make_way(const struct upstream *upstream, struct route_upstream *route, const struct conf_proxyd *conf)
{
	route->way.proxy = upstream->proxy;
	route->way.connect_timeout = either(upstream->connect_timeout, conf->connect_timeout);
	route->way.first_byte_timeout = either(upstream->first_byte_timeout, conf->first_byte_timeout);
	route->way.idle_timeout = either(upstream->idle_timeout, conf->idle_timeout);
}

static bool prepare(const struct upstream *upstream, struct route_upstream *route, const struct conf_proxyd *conf,
                    char *error, size_t size)
{
	if (!read_authorization(upstream, route, error, size))
		return false;
	make_urls(upstream, route);
	make_health_url(upstream, route);
	make_headers(upstream, route);
	make_way(upstream, route, conf);
	return read_certificates(upstream, route, error, size);
}

/* Another address is another server, whatever its name. */
static struct standing *standing_of(const struct upstream *upstream, const struct routes *before)
{
	long index = before ? models_upstream(before->models, upstream->name) : -1;
	if (index >= 0 && strcmp(before->models->upstreams[index].base_url, upstream->base_url) == 0)
		return standing_hold(before->upstreams[index].standing);
	return standing_new();
}

static void stand(struct routes *routes, const struct routes *before)
{
	for (size_t i = 0; i < routes->models->upstream_count; i++) {
		const struct upstream *upstream = &routes->models->upstreams[i];
		struct standing *standing = standing_of(upstream, before);
		circuit_set(&standing->circuit, upstream->open_after, upstream->open_time);
		routes->upstreams[i].standing = standing;
	}
}

struct routes *routes_load(const char *path, const struct conf_proxyd *conf, const struct routes *before, char *error,
                           size_t size)
{
	struct models *models = models_load(path, error, size);
	if (!models)
		return NULL;
	struct routes *routes = calloc(1, sizeof(*routes));
	CHECK(routes != NULL);
	*routes = (struct routes){.holders = 1, .models = models, .loaded = loop_wall() / 1000};
	routes->upstreams = calloc(models->upstream_count, sizeof(*routes->upstreams));
	CHECK(routes->upstreams != NULL);
	for (size_t i = 0; i < models->upstream_count; i++) {
		if (!prepare(&models->upstreams[i], &routes->upstreams[i], conf, error, size)) {
			routes_drop(routes);
			return NULL;
		}
	}
	stand(routes, before);
	return routes;
}

struct routes *routes_hold(struct routes *routes)
{
	routes->holders++;
	return routes;
}

static void free_headers(struct route_upstream *route)
{
	struct curl_slist *list = route->own_headers ? route->own_headers : route->headers;
	for (struct curl_slist **at = &list; *at; at = &(*at)->next) {
		if (*at == &route->authorization) {
			*at = NULL;
			break;
		}
	}
	curl_slist_free_all(list);
	secret_free(route->authorization.data);
}

static void clear(struct route_upstream *route)
{
	for (size_t i = 0; i < ROUTE_COUNT; i++)
		free(route->urls[i]);
	free_headers(route);
	free(route->health_url);
	free(route->certificates);
	if (route->standing)
		standing_drop(route->standing);
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
