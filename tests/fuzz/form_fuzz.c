#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/form_properties.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char boundary[FORM_BOUNDARY_MAX + 1];
	for (size_t piece = 1; piece <= 9; piece += 4)
		assert(form_properties_broken((const char *)data, size, piece) == NULL);
	if (form_boundary((const char *)data, size, boundary))
		assert(strlen(boundary) >= 1 && memmem(data, size, boundary, strlen(boundary)) != NULL);
	return 0;
}
