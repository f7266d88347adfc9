#include "splice_properties.h"

#include <jansson.h>
#include <string.h>

static json_t *load(const char *body, size_t length)
{
	return json_loadb(body, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

static void leave_out(json_t *object)
{
	static const char *const changed[] = {"model", "a", "logit_bias", "c", "stream_options"};
	for (size_t i = 0; i < sizeof(changed) / sizeof(*changed); i++)
		json_object_del(object, changed[i]);
}

static const char *judge_changed(const json_t *now)
{
	const json_t *c = json_object_get(now, "c"), *options = json_object_get(now, "stream_options");
	const char *model = json_string_value(json_object_get(now, "model"));
	if (!model || strcmp(model, "new \"name\"") != 0)
		return "the model has another name";
	if (json_object_get(now, "a") || json_object_get(now, "logit_bias"))
		return "a member that is dropped is there";
	if (json_array_size(c) != 1 || json_integer_value(json_array_get(c, 0)) != 1)
		return "a member that is set is not";
	if (json_is_object(options) && !json_is_true(json_object_get(options, "include_usage")))
		return "the usage is not asked for";
	return NULL;
}

/* What Jansson cannot hold, such as a number that is too large, nobody can compare. */
const char *splice_properties_broken(const char *body, size_t length, const char *changed, size_t changed_length)
{
	json_t *before = load(body, length), *now = load(changed, changed_length);
	const char *broken = before && !now ? "what comes out is no JSON" : NULL;
	if (before && now) {
		broken = judge_changed(now);
		leave_out(before);
		leave_out(now);
		if (!broken && !json_equal(before, now))
			broken = "another member has changed";
	}
	json_decref(before);
	json_decref(now);
	return broken;
}
