/* models.json: whatever stands in it, it is refused with a reason, or it is as docs/MODELS.md says, and every name in
 * it leads somewhere. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../proto/daemon/models.h"
#include "../../proto/daemon/url.h"
#include "fuzz.h"

static void judge_file(const char *path)
{
	assert(!path || *path == '/');
}

static void judge_upstream(const struct upstream *upstream)
{
	assert(*upstream->name != '\0' && url_judge(upstream->base_url) == NULL);
	assert(upstream->base_url[strlen(upstream->base_url) - 1] != '/');
	assert(!upstream->proxy || url_judge(upstream->proxy) == NULL);
	assert(!upstream->health_path || url_judge_path(upstream->health_path) == NULL);
	judge_file(upstream->api_key_file);
	judge_file(upstream->ca_file);
	assert(upstream->slots >= 1 && upstream->slots <= 65535 && upstream->acquire_timeout <= 30000);
	assert(upstream->open_after <= 1000 && upstream->open_time >= 1 && upstream->open_time <= 3600000);
	assert(upstream->header_count <= 16 && upstream->warm_count <= 64);
	for (size_t i = 0; i < upstream->header_count; i++)
		assert(strstr(upstream->headers[i], ": ") && strpbrk(upstream->headers[i], "\r\n") == NULL);
	assert(upstream->warm_count == 0 || upstream->kind == UPSTREAM_OLLAMA);
}

static void judge_target(const struct models *models, const struct target *target)
{
	assert(target->upstream < models->upstream_count && target->param_count <= TARGET_PARAMS_MAX);
	assert(target->weight >= 1 && target->weight <= 1000);
	for (size_t i = 0; i < target->param_count; i++) {
		const struct param *param = &target->params[i];
		assert(strcmp(param->name, "model") != 0 && strcmp(param->name, "stream") != 0);
		assert(!param->member || (*param->member == '"' && strlen(param->member) <= TARGET_PARAM_SIZE));
	}
}

static void judge(const struct models *models)
{
	assert(models->upstream_count >= 1 && models->upstream_count <= 64);
	for (size_t i = 0; i < models->upstream_count; i++)
		judge_upstream(&models->upstreams[i]);
	for (size_t i = 0; i < models->model_count; i++) {
		const char *name = models->models[i].name;
		const struct model *model = models_route(models, &name);
		assert(model != NULL && model_targets(model) > 0 && model_targets(model) <= ROUTE_TARGETS_MAX);
		assert(model->retries <= 5 && model->fallback_on <= FALLBACK_ALL);
		for (size_t t = 0; t < model_targets(model); t++)
			judge_target(models, &model->targets[t]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int file = -1;
	char path[64], error[512] = "";
	if (file < 0)
		file = memfd_create("models.json", MFD_CLOEXEC);
	assert(file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	struct models *models = models_load(path, error, sizeof(error));
	if (!models) {
		assert(strncmp(error, path, strlen(path)) == 0 && strlen(error) > strlen(path));
		return 0;
	}
	judge(models);
	models_free(models);
	return 0;
}
