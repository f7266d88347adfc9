#include "estimate.h"

static uint64_t completion(const struct estimate *estimate)
{
	/* Servers differ in which of the two they obey: the larger one is the safe one. */
	int64_t maximum =
		estimate->max_tokens > estimate->max_completion_tokens ? estimate->max_tokens : estimate->max_completion_tokens;
	uint64_t ceiling = ESTIMATE_MAXIMUM_FACTOR * estimate->completion_default;
	if (maximum < 0)
		return estimate->completion_default;
	return (uint64_t)maximum < ceiling ? (uint64_t)maximum : ceiling;
}

static uint64_t answers(const struct estimate *estimate)
{
	uint64_t choices = estimate->choices > 0 ? (uint64_t)estimate->choices : 1;
	uint64_t tokens;
	return __builtin_mul_overflow(choices, completion(estimate), &tokens) ? UINT64_MAX : tokens;
}

uint64_t estimate_tokens(const struct estimate *estimate)
{
	uint64_t prompt = estimate->body_length / ESTIMATE_BYTES_PER_TOKEN;
	uint64_t tokens;
	switch (estimate->route) {
	case ROUTE_CHAT:
	case ROUTE_COMPLETIONS:
		return __builtin_add_overflow(prompt, answers(estimate), &tokens) ? UINT64_MAX : tokens;
	case ROUTE_EMBEDDINGS:
		return prompt;
	case ROUTE_MODELS:
	case ROUTE_MODEL:
	case ROUTE_COUNT:
		break;
	}
	return 0;
}
