#include <assert.h>

#include "../proxyd/images_properties.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	assert(images_properties_broken((const char *)data, size) == NULL);
	return 0;
}
