#include "ctl.h"

#include <stdio.h>
#include <string.h>

#include "../wire/msg_common.h"
#include "../wire/utf8.h"

enum { CTL_REASON_SIZE = 1024 }; /* bytes of a refusal's reason, which is one line */

json_t *ctl_arguments(const void *data, size_t length, char *error, size_t size)
{
	json_error_t wrong;
	json_t *object = json_loadb(data, length, JSON_REJECT_DUPLICATES, &wrong);
	if (json_is_object(object))
		return object;
	snprintf(error, size, "bad JSON: %s", object ? "no object" : wrong.text);
	json_decref(object);
	return NULL;
}

static bool is_named(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

bool ctl_only(const json_t *arguments, const char *const *names, char *error, size_t size)
{
	json_t *object = (json_t *)arguments;
	for (void *member = json_object_iter(object); member; member = json_object_iter_next(object, member)) {
		if (is_named(names, json_object_iter_key(member)))
			continue;
		snprintf(error, size, "unknown member \"%s\"", json_object_iter_key(member));
		return false;
	}
	return true;
}

bool ctl_is_bare(const struct ctl_call *call, const char *verb, struct wire_out *json)
{
	static const char *const none[] = {NULL};
	char error[sizeof("bad JSON: ") + JSON_ERROR_TEXT_LENGTH];
	json_t *arguments = ctl_arguments(call->json.data, call->json.length, error, sizeof(error));
	bool good = arguments && ctl_only(arguments, none, error, sizeof(error));
	json_decref(arguments);
	if (strcmp(call->verb, verb) != 0)
		snprintf(error, sizeof(error), "the only verb here is %s", verb);
	else if (good)
		return true;
	return ctl_refuse(json, error);
}

bool ctl_reply(struct wire_out *json, json_t *object)
{
	size_t length = json_dumpb(object, (char *)json->data, json->size, JSON_COMPACT);
	json_decref(object);
	if (length == 0 || length > json->size)
		return ctl_refuse(json, "the result is too large");
	json->length = length;
	return true;
}

/* Reasons may name what a peer said, cut off anywhere: what is not UTF-8 becomes "?". */
static void make_utf8(char *text)
{
	for (size_t size; *text; text += size) {
		size = utf8_length(text, strlen(text));
		if (size > 0)
			continue;
		*text = '?';
		size = 1;
	}
}

bool ctl_refuse(struct wire_out *json, const char *text)
{
	char reason[CTL_REASON_SIZE];
	snprintf(reason, sizeof(reason), "%s", text);
	make_utf8(reason);
	json_t *object = json_pack("{s:s}", "error", reason);
	size_t length = object ? json_dumpb(object, (char *)json->data, json->size, JSON_COMPACT) : 0;
	json_decref(object);
	json->length = length <= json->size ? length : 0;
	return false;
}
