#include "models.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "url.h"

enum {
	UPSTREAMS_MAX = 64,
	WARM_MAX = 64,
	URL_MAX = 1024,
	PATH_MAX_LENGTH = 4095,
	PLACE_MAX = 512,
	SLOTS_MAX = 65535,
	SLOTS_DEFAULT = 10,
	/* A grant is not looked at again when its holder leaves the queue, and proxyd knows a revocation for 60 s. */
	ACQUIRE_TIMEOUT_MAX = 30 * 1000,
	ACQUIRE_TIMEOUT_DEFAULT = 250
};

/* What is being read, and where the reason goes when it cannot be used. */
struct reader {
	const char *path;
	char *error;
	size_t size;
	struct models *models;
};

/* One object of the file and how a person finds it: "upstreams.ollama". */
struct place {
	struct reader *reader;
	const char *name;
	const json_t *object;
};

static bool refuse(const struct place *at, const char *member, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Always false.  An empty member means the place itself. */
static bool refuse(const struct place *at, const char *member, const char *format, ...)
{
	const struct reader *reader = at->reader;
	int used = snprintf(reader->error, reader->size, "%s: %s%s%s: ", reader->path, at->name,
	                    member[0] != '\0' ? "." : "", member);
	va_list arguments;
	va_start(arguments, format);
	if (used > 0 && (size_t)used < reader->size)
		vsnprintf(reader->error + used, reader->size - (size_t)used, format, arguments);
	va_end(arguments);
	for (char *c = reader->error; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == '\x7f')
			*c = '?';
	return false;
}

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count > 0 ? count : 1, size);
	CHECK(memory != NULL);
	return memory;
}

static char *copy(const char *text, size_t length)
{
	char *made = strndup(text, length);
	CHECK(made != NULL);
	return made;
}

static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == '\x7f')
			return false;
	return true;
}

static bool is_object(const struct place *at)
{
	return json_is_object(at->object) || refuse(at, "", "must be an object");
}

static bool has_only(const struct place *at, const char *const *names)
{
	const char *member;
	json_t *value;
	json_object_foreach((json_t *)at->object, member, value)
	{
		const char *const *known = names;
		while (*known && strcmp(*known, member) != 0)
			known++;
		if (!*known)
			return refuse(at, member, "unknown member");
	}
	return true;
}

/* A string without control characters, of 1 to max bytes.  *text is borrowed; NULL when the member is absent. */
static bool get_text(const struct place *at, const char *member, size_t max, const char **text)
{
	const json_t *value = json_object_get(at->object, member);
	*text = NULL;
	if (!value)
		return true;
	if (!json_is_string(value))
		return refuse(at, member, "must be a string");
	const char *found = json_string_value(value);
	if (*found == '\0')
		return refuse(at, member, "must not be empty");
	if (strlen(found) > max)
		return refuse(at, member, "is too long");
	if (!is_plain(found))
		return refuse(at, member, "holds a control character");
	*text = found;
	return true;
}

static bool need_text(const struct place *at, const char *member, size_t max, const char **text)
{
	if (!get_text(at, member, max, text))
		return false;
	return *text || refuse(at, member, "is missing");
}

/* A whole number; *number keeps its value when the member is absent. */
static bool get_number(const struct place *at, const char *member, unsigned minimum, unsigned maximum, unsigned *number)
{
	const json_t *value = json_object_get(at->object, member);
	if (!value)
		return true;
	json_int_t found = json_integer_value(value);
	if (!json_is_integer(value) || found < (json_int_t)minimum || found > (json_int_t)maximum)
		return refuse(at, member, "must be a whole number from %u to %u", minimum, maximum);
	*number = (unsigned)found;
	return true;
}

/* For names that are no member's value, and so do not come through get_text. */
static bool check_name(const struct place *at, const char *name, size_t max)
{
	if (*name == '\0')
		return refuse(at, "", "a name must not be empty");
	if (strlen(name) > max)
		return refuse(at, "", "a name is longer than %zu bytes", max);
	return is_plain(name) || refuse(at, "", "a name holds a control character");
}

static bool read_kind(const struct place *at, enum upstream_kind *kind)
{
	const char *text;
	if (!need_text(at, "kind", 16, &text))
		return false;
	if (strcmp(text, "ollama") == 0)
		*kind = UPSTREAM_OLLAMA;
	else if (strcmp(text, "openai") == 0)
		*kind = UPSTREAM_OPENAI;
	else
		return refuse(at, "kind", "must be \"ollama\" or \"openai\"");
	return true;
}

static bool read_base_url(const struct place *at, struct upstream *upstream)
{
	const char *url;
	if (!need_text(at, "base_url", URL_MAX, &url))
		return false;
	const char *wrong = url_judge(url);
	if (wrong != NULL)
		return refuse(at, "base_url", "%s", wrong);
	size_t length = strlen(url);
	while (url[length - 1] == '/')
		length--;
	if (upstream->kind == UPSTREAM_OLLAMA && length > 3 && strncmp(url + length - 3, "/v1", 3) == 0)
		return refuse(at, "base_url", "is the server's root for kind ollama, without /v1");
	upstream->base_url = copy(url, length);
	return true;
}

/* A relative path would mean something else to each daemon: they go to the run directory. */
static bool read_api_key_file(const struct place *at, struct upstream *upstream)
{
	const char *path;
	if (!get_text(at, "api_key_file", PATH_MAX_LENGTH, &path))
		return false;
	if (!path)
		return true;
	if (path[0] != '/' || path[strlen(path) - 1] == '/')
		return refuse(at, "api_key_file", "must be the absolute path of a file");
	upstream->api_key_file = copy(path, strlen(path));
	return true;
}

static bool read_warm(const struct place *at, struct upstream *upstream)
{
	const json_t *warm = json_object_get(at->object, "warm");
	if (!warm)
		return true;
	if (!json_is_array(warm) || json_array_size(warm) > WARM_MAX)
		return refuse(at, "warm", "must be a list of at most 64 model names");
	if (upstream->kind != UPSTREAM_OLLAMA && json_array_size(warm) > 0)
		return refuse(at, "warm", "is only for kind ollama");
	upstream->warm = allocate(json_array_size(warm), sizeof(*upstream->warm));
	for (size_t i = 0; i < json_array_size(warm); i++) {
		const json_t *name = json_array_get(warm, i);
		if (!json_is_string(name))
			return refuse(at, "warm", "must be a list of at most 64 model names");
		if (!check_name(at, json_string_value(name), MODEL_NAME_MAX))
			return false;
		upstream->warm[upstream->warm_count++] = copy(json_string_value(name), json_string_length(name));
	}
	return true;
}

static bool read_upstream(const struct place *at, struct upstream *upstream)
{
	static const char *const members[] = {"base_url", "kind",         "slots", "acquire_timeout_ms",
	                                      "warm",     "api_key_file", NULL};
	upstream->slots = SLOTS_DEFAULT;
	upstream->acquire_timeout = ACQUIRE_TIMEOUT_DEFAULT;
	return is_object(at) && has_only(at, members) && read_kind(at, &upstream->kind) && read_base_url(at, upstream) &&
	       get_number(at, "slots", 1, SLOTS_MAX, &upstream->slots) &&
	       get_number(at, "acquire_timeout_ms", 0, ACQUIRE_TIMEOUT_MAX, &upstream->acquire_timeout) &&
	       read_warm(at, upstream) && read_api_key_file(at, upstream);
}

static bool read_upstreams(const struct place *at)
{
	if (!is_object(at))
		return false;
	if (json_object_size(at->object) < 1 || json_object_size(at->object) > UPSTREAMS_MAX)
		return refuse(at, "", "must name 1 to %d upstreams", UPSTREAMS_MAX);
	struct models *models = at->reader->models;
	models->upstreams = allocate(json_object_size(at->object), sizeof(*models->upstreams));
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)at->object, name, value)
	{
		struct upstream *upstream = &models->upstreams[models->upstream_count++];
		if (!check_name(at, name, UPSTREAM_NAME_MAX))
			return false;
		snprintf(upstream->name, sizeof(upstream->name), "%s", name);
		char place[PLACE_MAX];
		snprintf(place, sizeof(place), "upstreams.%s", upstream->name);
		if (!read_upstream(&(struct place){at->reader, place, value}, upstream))
			return false;
	}
	return true;
}

static bool read_target(const struct place *at, struct model *model)
{
	static const char *const members[] = {"upstream", "model", NULL};
	const char *upstream, *target;
	if (!is_object(at) || !has_only(at, members) || !need_text(at, "upstream", UPSTREAM_NAME_MAX, &upstream) ||
	    !get_text(at, "model", MODEL_NAME_MAX, &target))
		return false;
	long index = models_upstream(at->reader->models, upstream);
	if (index < 0)
		return refuse(at, "upstream", "names no upstream of this file");
	model->upstream = (size_t)index;
	snprintf(model->target, sizeof(model->target), "%s", target ? target : "");
	return true;
}

static bool read_model(const struct place *at, struct model *model)
{
	static const char *const members[] = {"targets", NULL};
	if (!is_object(at) || !has_only(at, members))
		return false;
	const json_t *targets = json_object_get(at->object, "targets");
	if (!json_is_array(targets) || json_array_size(targets) == 0)
		return refuse(at, "targets", "must be a list of one target");
	if (json_array_size(targets) > 1)
		return refuse(at, "targets", "more than one target is not yet supported");
	char place[PLACE_MAX];
	snprintf(place, sizeof(place), "models.%s.targets[0]", model->name);
	return read_target(&(struct place){at->reader, place, json_array_get(targets, 0)}, model);
}

static int compare_models(const void *left, const void *right)
{
	const struct model *a = left, *b = right;
	return strcmp(a->name, b->name);
}

static bool read_models(const struct place *at)
{
	if (!is_object(at))
		return false;
	if (json_object_size(at->object) == 0)
		return refuse(at, "", "must name at least one model, or \"*\"");
	struct models *models = at->reader->models;
	models->models = allocate(json_object_size(at->object), sizeof(*models->models));
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)at->object, name, value)
	{
		struct model *model = &models->models[models->model_count++];
		if (!check_name(at, name, MODEL_NAME_MAX))
			return false;
		snprintf(model->name, sizeof(model->name), "%s", name);
		char place[PLACE_MAX];
		snprintf(place, sizeof(place), "models.%s", model->name);
		if (!read_model(&(struct place){at->reader, place, value}, model))
			return false;
	}
	qsort(models->models, models->model_count, sizeof(*models->models), compare_models);
	return true;
}

static bool read_document(struct reader *reader, const json_t *document)
{
	static const char *const members[] = {"upstreams", "models", NULL};
	const struct place at = {reader, "the file", document};
	return is_object(&at) && has_only(&at, members) &&
	       read_upstreams(&(struct place){reader, "upstreams", json_object_get(document, "upstreams")}) &&
	       read_models(&(struct place){reader, "models", json_object_get(document, "models")});
}

static json_t *parse_file(struct reader *reader)
{
	json_error_t wrong;
	json_t *document = json_load_file(reader->path, JSON_REJECT_DUPLICATES, &wrong);
	if (!document && wrong.line < 0) {
		snprintf(reader->error, reader->size, "%s", wrong.text);
	} else if (!document) {
		char line[32];
		snprintf(line, sizeof(line), "line %d", wrong.line);
		refuse(&(struct place){reader, line, NULL}, "", "%s", wrong.text);
	}
	return document;
}

struct models *models_load(const char *path, char *error, size_t size)
{
	struct models *models = allocate(1, sizeof(*models));
	struct reader reader = {path, error, size, models};
	json_t *document = parse_file(&reader);
	if (!document || !read_document(&reader, document)) {
		models_free(models);
		models = NULL;
	}
	json_decref(document);
	return models;
}

void models_free(struct models *models)
{
	for (size_t i = 0; i < models->upstream_count; i++) {
		struct upstream *upstream = &models->upstreams[i];
		for (size_t w = 0; w < upstream->warm_count; w++)
			free(upstream->warm[w]);
		free(upstream->warm);
		free(upstream->base_url);
		free(upstream->api_key_file);
	}
	free(models->upstreams);
	free(models->models);
	free(models);
}

static const struct model *find_row(const struct models *models, const char *name)
{
	size_t low = 0, high = models->model_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, models->models[middle].name);
		if (order == 0)
			return &models->models[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct model *models_find(const struct models *models, const char *name)
{
	const struct model *row = find_row(models, name);
	return row ? row : find_row(models, "*");
}

long models_upstream(const struct models *models, const char *name)
{
	for (size_t i = 0; i < models->upstream_count; i++)
		if (strcmp(models->upstreams[i].name, name) == 0)
			return (long)i;
	return -1;
}
