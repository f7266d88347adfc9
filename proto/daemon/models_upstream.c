#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "models_private.h"
#include "url.h"

enum {
	UPSTREAMS_MAX = 64,
	WARM_MAX = 64,
	HEADERS_MAX = 16,
	HEADER_NAME_MAX = 128,
	HEADER_VALUE_MAX = 1024,
	SLOTS_MAX = 65535,
	SLOTS_DEFAULT = 10,
	/* A grant is not looked at again when its holder leaves the queue, and proxyd knows a revocation for 60 s. */
	ACQUIRE_TIMEOUT_MAX = 30 * 1000,
	ACQUIRE_TIMEOUT_DEFAULT = 250,
	TIMEOUT_MAX = 24 * 3600 * 1000,
	HEALTH_INTERVAL_DEFAULT = 10 * 1000,
	OPEN_AFTER_MAX = 1000,
	OPEN_AFTER_DEFAULT = 5,
	OPEN_TIME_MAX = 3600 * 1000,
	OPEN_TIME_DEFAULT = 5 * 1000
};

static const char *const kinds[] = {
	[UPSTREAM_OLLAMA] = "ollama", [UPSTREAM_OPENAI] = "openai", [UPSTREAM_ANTHROPIC] = "anthropic",
	[UPSTREAM_GEMINI] = "gemini", [UPSTREAM_AZURE] = "azure",
};

enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

const char *upstream_kind_name(enum upstream_kind kind)
{
	return kinds[kind];
}

static bool read_kind(const struct place *at, enum upstream_kind *kind)
{
	const char *text;
	if (!models_need_text(at, "kind", 16, &text))
		return false;
	for (size_t i = 0; i < KINDS; i++) {
		if (strcmp(text, kinds[i]) != 0)
			continue;
		*kind = (enum upstream_kind)i;
		return true;
	}
	return models_refuse(at, "kind", "must be \"ollama\", \"openai\", \"anthropic\", \"gemini\" or \"azure\"");
}

static bool read_base_url(const struct place *at, struct upstream *upstream)
{
	const char *url;
	if (!models_need_text(at, "base_url", MODELS_URL_MAX, &url))
		return false;
	const char *wrong = url_judge(url);
	if (wrong != NULL)
		return models_refuse(at, "base_url", "%s", wrong);
	upstream->base_url = models_copy(url);
	size_t length = strlen(url);
	while (url[length - 1] == '/')
		upstream->base_url[--length] = '\0';
	if (upstream->kind == UPSTREAM_OLLAMA && length > 3 && strcmp(upstream->base_url + length - 3, "/v1") == 0)
		return models_refuse(at, "base_url", "is the server's root for kind ollama, without /v1");
	return true;
}

/* A relative path would mean something else to each daemon: they go to the run directory. */
static bool read_path(const struct place *at, const char *member, char **path)
{
	if (!models_copy_text(at, member, MODELS_PATH_MAX, path))
		return false;
	const char *text = *path;
	if (!text || (text[0] == '/' && text[strlen(text) - 1] != '/'))
		return true;
	return models_refuse(at, member, "must be the absolute path of a file");
}

static bool read_proxy(const struct place *at, struct upstream *upstream)
{
	if (!models_copy_text(at, "proxy", MODELS_URL_MAX, &upstream->proxy))
		return false;
	const char *wrong = upstream->proxy ? url_judge(upstream->proxy) : NULL;
	return wrong == NULL || models_refuse(at, "proxy", "%s", wrong);
}

static bool read_health_path(const struct place *at, struct upstream *upstream)
{
	if (!models_copy_text(at, "health_path", MODELS_URL_MAX, &upstream->health_path))
		return false;
	const char *wrong = upstream->health_path ? url_judge_path(upstream->health_path) : NULL;
	return wrong == NULL || models_refuse(at, "health_path", "%s", wrong);
}

static bool read_warm(const struct place *at, struct upstream *upstream)
{
	static const char wrong[] = "must be a list of at most 64 model names";
	const json_t *warm = json_object_get(at->object, "warm");
	if (!warm)
		return true;
	if (!json_is_array(warm) || json_array_size(warm) > WARM_MAX)
		return models_refuse(at, "warm", "%s", wrong);
	if (upstream->kind != UPSTREAM_OLLAMA && json_array_size(warm) > 0)
		return models_refuse(at, "warm", "is only for kind ollama");
	upstream->warm = models_allocate(json_array_size(warm), sizeof(*upstream->warm));
	for (size_t i = 0; i < json_array_size(warm); i++) {
		const char *name = json_string_value(json_array_get(warm, i));
		if (!name)
			return models_refuse(at, "warm", "%s", wrong);
		if (!models_check_name(at, name, MODEL_NAME_MAX))
			return false;
		upstream->warm[upstream->warm_count++] = models_copy(name);
	}
	return true;
}

/* --- headers --- */

/* RFC 9110, 5.6.2. */
static bool is_token(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
	return *text != '\0' && strlen(text) <= HEADER_NAME_MAX && text[strspn(text, letters)] == '\0';
}

/* What says how the body is framed or read, and who asks, is not for the file to say. */
static bool is_ours(const char *name)
{
	static const char *const ours[] = {"Accept-Encoding",   "Authorization",    "Connection", "Content-Encoding",
	                                   "Content-Length",    "Content-Type",     "Expect",     "Host",
	                                   "Keep-Alive",        "Proxy-Connection", "TE",         "Trailer",
	                                   "Transfer-Encoding", "Upgrade"};
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (strcasecmp(name, ours[i]) == 0)
			return true;
	return false;
}

static bool add_header(const struct place *at, struct upstream *upstream, const char *name)
{
	const char *value;
	if (!is_token(name) || is_ours(name))
		return models_refuse(at, name, "is no header that can be set here");
	if (!models_need_text(at, name, HEADER_VALUE_MAX, &value))
		return false;
	for (const char *c = value; *c; c++)
		if (*c < ' ' || *c > '~')
			return models_refuse(at, name, "must be printable ASCII");
	size_t size = strlen(name) + strlen(value) + sizeof(": ");
	char *line = models_allocate(size, 1);
	snprintf(line, size, "%s: %s", name, value);
	upstream->headers[upstream->header_count++] = line;
	return true;
}

static bool read_headers(const struct place *at, struct upstream *upstream)
{
	char name[MODELS_PLACE_MAX];
	const char *header;
	json_t *value;
	snprintf(name, sizeof(name), "%s.headers", at->name);
	const struct place headers = {at->reader, name, json_object_get(at->object, "headers")};
	if (!headers.object)
		return true;
	if (!models_is_object(&headers))
		return false;
	if (json_object_size(headers.object) > HEADERS_MAX)
		return models_refuse(&headers, "", "must be at most %d", HEADERS_MAX);
	upstream->headers = models_allocate(json_object_size(headers.object), sizeof(*upstream->headers));
	json_object_foreach((json_t *)headers.object, header, value)
	{
		if (!add_header(&headers, upstream, header))
			return false;
	}
	return true;
}

/* --- all of it --- */

static bool read_timeouts(const struct place *at, struct upstream *upstream)
{
	return models_get_number(at, "acquire_timeout_ms", 0, ACQUIRE_TIMEOUT_MAX, &upstream->acquire_timeout) &&
	       models_get_number(at, "connect_timeout_ms", 1, TIMEOUT_MAX, &upstream->connect_timeout) &&
	       models_get_number(at, "first_byte_timeout_ms", 1, TIMEOUT_MAX, &upstream->first_byte_timeout) &&
	       models_get_number(at, "idle_timeout_ms", 1, TIMEOUT_MAX, &upstream->idle_timeout);
}

static bool read_health(const struct place *at, struct upstream *upstream)
{
	return read_health_path(at, upstream) &&
	       models_get_number(at, "health_interval_ms", 0, TIMEOUT_MAX, &upstream->health_interval) &&
	       models_get_number(at, "open_after", 0, OPEN_AFTER_MAX, &upstream->open_after) &&
	       models_get_number(at, "open_ms", 1, OPEN_TIME_MAX, &upstream->open_time);
}

static bool read_upstream(const struct place *at, struct upstream *upstream)
{
	upstream->slots = SLOTS_DEFAULT;
	upstream->acquire_timeout = ACQUIRE_TIMEOUT_DEFAULT;
	upstream->health_interval = HEALTH_INTERVAL_DEFAULT;
	upstream->open_after = OPEN_AFTER_DEFAULT;
	upstream->open_time = OPEN_TIME_DEFAULT;
	return models_is_object(at) && models_has_only(at, MODELS_UPSTREAM) && read_kind(at, &upstream->kind) &&
	       read_base_url(at, upstream) && read_path(at, "api_key_file", &upstream->api_key_file) &&
	       read_path(at, "ca_file", &upstream->ca_file) && read_proxy(at, upstream) && read_headers(at, upstream) &&
	       models_get_flag(at, "local", &upstream->local) &&
	       models_get_number(at, "slots", 1, SLOTS_MAX, &upstream->slots) && read_timeouts(at, upstream) &&
	       read_health(at, upstream) && read_warm(at, upstream);
}

bool models_read_upstreams(const struct place *at)
{
	if (!models_is_object(at))
		return false;
	if (json_object_size(at->object) < 1 || json_object_size(at->object) > UPSTREAMS_MAX)
		return models_refuse(at, "", "must name 1 to %d upstreams", UPSTREAMS_MAX);
	struct models *models = at->reader->models;
	models->upstreams = models_allocate(json_object_size(at->object), sizeof(*models->upstreams));
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)at->object, name, value)
	{
		struct upstream *upstream = &models->upstreams[models->upstream_count++];
		if (!models_check_name(at, name, UPSTREAM_NAME_MAX))
			return false;
		snprintf(upstream->name, sizeof(upstream->name), "%s", name);
		char place[MODELS_PLACE_MAX];
		snprintf(place, sizeof(place), "upstreams.%s", upstream->name);
		if (!read_upstream(&(struct place){at->reader, place, value}, upstream))
			return false;
	}
	return true;
}

static void free_texts(char **texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

void models_free_upstream(struct upstream *upstream)
{
	free_texts(upstream->warm, upstream->warm_count);
	free_texts(upstream->headers, upstream->header_count);
	free(upstream->base_url);
	free(upstream->api_key_file);
	free(upstream->ca_file);
	free(upstream->proxy);
	free(upstream->health_path);
}

/* base_url stands for the server's root, or for what /v1 is elsewhere; only Ollama has more than that. */
bool upstream_offers(const struct upstream *upstream, enum wire_route route)
{
	const struct wire_route_info *info = wire_route_info(route);
	bool is_list = info->serve == SERVE_LIST && info->named == NAMED_NONE;
	if (info->serve != SERVE_UPSTREAM && !is_list)
		return false;
	if (upstream->kind == UPSTREAM_ANTHROPIC)
		return info->dialect == DIALECT_ANTHROPIC || route == ROUTE_MODELS;
	return upstream->kind == UPSTREAM_OLLAMA || info->dialect != DIALECT_OLLAMA;
}
