#include <assert.h>

#include "../proto/json_properties.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum json_error verdict;

	for (size_t piece = 1; piece <= 9; piece += 4)
		assert(json_properties_broken((const char *)data, size, piece, &verdict) == NULL);
	return 0;
}
