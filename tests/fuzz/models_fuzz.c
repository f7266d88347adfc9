/* models.json: whatever stands in it, it is refused with a reason, or every name in it leads somewhere. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../proto/daemon/models.h"
#include "fuzz.h"

static void judge(const struct models *models)
{
	for (size_t i = 0; i < models->model_count; i++) {
		const char *name = models->models[i].name;
		const struct model *model = models_route(models, &name);
		assert(model != NULL && model_targets(model) > 0 && model_targets(model) <= ROUTE_TARGETS_MAX);
		for (size_t t = 0; t < model_targets(model); t++)
			assert(model->targets[t].upstream < models->upstream_count);
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
