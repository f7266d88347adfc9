/* Bodies are changed as a target wants it: what comes out is JSON that says the same but for what was to change. */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../../proxyd/splice.h"
#include "../proxyd/splice_properties.h"
#include "fuzz.h"

static char drop_a[] = "a", drop_long[] = "logit_bias", set_c[] = "c", c_is[] = "\"c\":[1]";
static struct param params[] = {{drop_a, NULL}, {drop_long, NULL}, {set_c, c_is}};
static const struct target target = {.params = params, .param_count = 3};

static bool is_good(struct json_scan *scan, const char *body, size_t length)
{
	static const char *const paths[] = {SPLICE_PATHS};
	json_start(scan, paths, SPLICE_MEMBERS);
	json_feed(scan, body, length);
	return json_end(scan) == JSON_OK && json_is_object(scan) && json_value(scan, SPLICE_MODEL)->type == JSON_STRING;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *body = (const char *)data;
	char name[SPLICE_NAME_ROOM];
	struct edits edits = {0};
	struct json_scan scan, after;

	if (!is_good(&scan, body, size))
		return 0;
	splice_name(&edits, json_value(&scan, SPLICE_MODEL), "new \"name\"", name);
	splice_usage(&edits, body, &scan);
	if (!splice_params(&edits, body, size, json_insert_at(&scan), &target))
		return 0;
	size_t length = edits_length(&edits, size);
	char *changed = malloc(length);
	edits_apply(&edits, body, size, changed);
	assert(is_good(&after, changed, length));
	assert(splice_properties_broken(body, size, changed, length) == NULL);
	free(changed);
	return 0;
}
