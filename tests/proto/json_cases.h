/* Documents and what the scanner must say of them, with the paths of json_case_paths wanted. */
#ifndef TESTS_PROTO_JSON_CASES_H
#define TESTS_PROTO_JSON_CASES_H

#include "../../proto/wire/json.h"

struct json_case {
	enum json_error verdict;
	const char *bytes;
	size_t length;
	const char *about;
};

extern const struct json_case json_cases[];
extern const size_t json_case_count;

enum { JSON_CASE_PATHS = 4 };
extern const char *const json_case_paths[JSON_CASE_PATHS];

#endif
