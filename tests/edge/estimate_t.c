/* What a request is reserved for. */
#include "../../edge/estimate.h"

#include "../tap/tap.h"

static const struct {
	const char *name;
	struct estimate estimate;
	uint64_t tokens;
} cases[] = {
	{"a chat without a maximum", {ROUTE_CHAT, 400, -1, -1, 1024}, 100 + 1024},
	{"a completion likewise", {ROUTE_COMPLETIONS, 400, -1, -1, 1024}, 100 + 1024},
	{"a message likewise", {ROUTE_MESSAGES, 400, -1, -1, 1024}, 100 + 1024},
	{"a maximum", {ROUTE_CHAT, 400, 7, -1, 1024}, 100 + 7},
	{"a maximum of zero", {ROUTE_CHAT, 400, 0, -1, 1024}, 100},
	{"a maximum that is just believed", {ROUTE_CHAT, 0, 16 * 1024, -1, 1024}, 16 * 1024},
	{"a maximum beyond belief", {ROUTE_CHAT, 0, INT64_MAX, -1, 1024}, 16 * 1024},
	{"several answers", {ROUTE_CHAT, 40, 5, 3, 1024}, 10 + 15},
	{"no answers is one", {ROUTE_CHAT, 40, 5, 0, 1024}, 10 + 5},
	{"answers without end", {ROUTE_CHAT, 40, -1, INT64_MAX, 1024}, UINT64_MAX},
	{"a sum without end", {ROUTE_CHAT, UINT64_MAX, 4, INT64_MAX / 2, 1}, UINT64_MAX},
	{"embeddings have no answer to pay for", {ROUTE_EMBEDDINGS, 43, 100, 5, 1024}, 10},
	{"a form is no prompt", {ROUTE_TRANSCRIPTIONS, 0, -1, -1, 1024}, 1024},
	{"lists cost nothing", {ROUTE_MODELS, 400, 100, 1, 1024}, 0},
	{"nor does one model", {ROUTE_MODEL, 400, 100, 1, 1024}, 0},
	{"nor does counting", {ROUTE_COUNT_TOKENS, 400, 100, 1, 1024}, 0},
};

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t tokens = estimate_tokens(&cases[i].estimate);
		ok(tokens == cases[i].tokens, "%s: %llu", cases[i].name, (unsigned long long)tokens);
	}
	return tap_done();
}
