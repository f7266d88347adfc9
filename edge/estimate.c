#include "estimate.h"

static uint64_t completion(const struct estimate *estimate)
{
	uint64_t ceiling = ESTIMATE_MAXIMUM_FACTOR * estimate->completion_default;
	if (estimate->max_tokens < 0)
		return estimate->completion_default;
	return (uint64_t)estimate->max_tokens < ceiling ? (uint64_t)estimate->max_tokens : ceiling;
}

static uint64_t answers(const struct estimate *estimate)
{
	uint64_t choices = estimate->choices > 0 ? (uint64_t)estimate->choices : 1;
	uint64_t tokens;
	return __builtin_mul_overflow(choices, completion(estimate), &tokens) ? UINT64_MAX : tokens;
}

uint64_t estimate_tokens(const struct estimate *estimate)
{
	uint64_t prompt = estimate->prompt_bytes / ESTIMATE_BYTES_PER_TOKEN;
	uint64_t tokens;
	switch (wire_route_info(estimate->route)->cost) {
	case COST_FREE:
		return 0;
	case COST_PROMPT:
		break;
	case COST_ANSWER:
		return __builtin_add_overflow(prompt, answers(estimate), &tokens) ? UINT64_MAX : tokens;
	}
	return prompt;
}
