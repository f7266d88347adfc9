#include <assert.h>

#include "../edge/http_properties.h"
#include "fuzz.h"

/* The first byte is the length announced; 0 stands for the chunked coding. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct http_head head = {.chunked = data[0] == 0, .has_content_length = data[0] != 0, .content_length = data[0]};
	for (size_t step = 1; step <= 9; step += 4)
		assert(http_body_broken(&head, FEED_BODY_LIMIT, (const char *)data + 1, size - 1,
		                        (struct arrival){.first = 0, .step = step}) == NULL);
	return 0;
}
