#include <assert.h>

#include "../edge/http_properties.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t step = 1; step <= 9; step += 4)
		assert(http_head_broken((const char *)data, size, (struct arrival){.first = 0, .step = step}) == NULL);
	return 0;
}
