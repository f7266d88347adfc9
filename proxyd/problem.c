#include "problem.h"

static const struct api_error errors[] = {
#define X(name, http, kind, number, text) \
	[PROBLEM_##name] = {.status = http, .type = kind, .code = number, .message = text},
	PROBLEMS(X)
#undef X
};

const struct api_error *problem_error(enum problem problem)
{
	return &errors[problem];
}
