/* What must hold for every document, whoever made it up: a table of cases, a mutator, a fuzzer. */
#ifndef TESTS_PROTO_JSON_PROPERTIES_H
#define TESTS_PROTO_JSON_PROPERTIES_H

#include "../../proto/wire/json.h"

/* Scans a document in pieces of so many bytes, with json_case_paths wanted. */
enum json_error json_properties_scan(struct json_scan *scan, const char *bytes, size_t length, size_t piece);

/* Whether two finished scans say the same in every respect. */
bool json_properties_same(const struct json_scan *a, const struct json_scan *b);

/*
 * NULL, or what is wrong: pieces of this size change the outcome, Jansson sees
 * another document or another value, or a member spliced in breaks it.
 * Sets *verdict.
 */
const char *json_properties_broken(const char *bytes, size_t length, size_t piece, enum json_error *verdict);

#endif
