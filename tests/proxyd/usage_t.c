#include "../../proxyd/usage.h"

#include <string.h>

#include "../tap/tap.h"

/* Scans the answer in every two pieces; all must agree. */
static void check(const char *answer, bool whole, bool known, uint64_t in, uint64_t out)
{
	size_t length = strlen(answer), bad = 0;
	for (size_t first = 0; first <= length; first++) {
		struct usage_scan scan;
		struct usage usage = {0};
		usage_start(&scan);
		usage_feed(&scan, answer, first);
		usage_feed(&scan, answer + first, length - first);
		bad += usage_end(&scan, &usage) != whole;
		bad += usage.known != known || usage.tokens_in != in || usage.tokens_out != out;
	}
	is_int((long long)bad, 0, "%s", answer);
}

int main(void)
{
	check("{\"usage\":{\"prompt_tokens\":26,\"completion_tokens\":2,\"total_tokens\":28}}", true, true, 26, 2);
	check("{\"id\":\"x\",\"choices\":[{\"usage\":{\"prompt_tokens\":9}}],\"usage\":{\"completion_tokens\":2,"
	      "\"prompt_tokens\":26,\"prompt_tokens_details\":{\"cached_tokens\":3}}} ",
	      true, true, 26, 2);
	check("{\"usage\":{\"prompt_tokens\":8,\"total_tokens\":8}}", true, true, 8, 0);
	check("{\"usage\":{\"prompt_tokens\":8,\"total_tokens\":11}}", true, true, 8, 3);
	check("{\"usage\":{\"completion_tokens\":3,\"total_tokens\":11}}", true, true, 8, 3);
	check("{\"usage\":{\"total_tokens\":11}}", true, true, 11, 0);
	check("{\"usage\":{\"prompt_tokens\":8,\"total_tokens\":2}}", true, true, 8, 0);
	check("{\"usage\":null}", true, false, 0, 0);
	check("{\"usage\":{\"prompt_tokens\":-1}}", true, false, 0, 0);
	check("{\"choices\":[]}", true, false, 0, 0);
	check("plain text", true, false, 0, 0);
	check("{\"usage\":{\"prompt_tokens\":26", false, false, 0, 0);
	check("{\"usage\":{\"prompt_tokens\":26}", false, false, 0, 0);
	return tap_done();
}
