#include "splice.h"

#include <stdlib.h>
#include <string.h>

bool splice_wants_stream(const struct json_scan *scan)
{
	return json_value(scan, SPLICE_STREAM)->type == JSON_TRUE;
}

bool splice_wants_usage(const struct json_scan *scan)
{
	return json_value(scan, SPLICE_INCLUDE_USAGE)->type == JSON_TRUE;
}

/* --- the model's name --- */

static void quote(char *text, const char *name)
{
	*text++ = '"';
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			*text++ = '\\';
		*text++ = *name;
	}
	*text++ = '"';
	*text = '\0';
}

void splice_name(struct edits *edits, const struct json_value *value, const char *model, char text[SPLICE_NAME_ROOM])
{
	quote(text, model);
	edits_add(edits, value->start, value->end, text);
}

void splice_form(struct edits *edits, const struct form_value *value, const char *model)
{
	edits_add(edits, value->start, value->end, model);
}

/* --- the usage --- */

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool object_is_empty(const char *body, const struct json_value *object)
{
	uint64_t at = object->start + 1;
	while (is_blank(body[at]))
		at++;
	return body[at] == '}';
}

/* Options that are neither an object nor null are for the upstream to refuse. */
void splice_usage(struct edits *edits, const char *body, const struct json_scan *scan)
{
	const struct json_value *options = json_value(scan, SPLICE_OPTIONS);
	const struct json_value *include = json_value(scan, SPLICE_INCLUDE_USAGE);
	uint64_t at = json_insert_at(scan), first = options->start + 1;

	if (include->type != JSON_ABSENT)
		edits_add(edits, include->start, include->end, "true");
	else if (options->type == JSON_NULL)
		edits_add(edits, options->start, options->end, "{\"include_usage\":true}");
	else if (options->type == JSON_ABSENT)
		edits_add(edits, at, at, "\"stream_options\":{\"include_usage\":true},");
	else if (options->type == JSON_OBJECT && object_is_empty(body, options))
		edits_add(edits, first, first, "\"include_usage\":true");
	else if (options->type == JSON_OBJECT)
		edits_add(edits, first, first, "\"include_usage\":true,");
}

/* --- members that a target changes --- */

static size_t skip_blanks_back(const char *body, size_t at)
{
	while (is_blank(body[at - 1]))
		at--;
	return at;
}

/* Where the name of the member with this value begins.  Within a string a quote is escaped, and before one no string
 * ends in a backslash. */
static size_t name_start(const char *body, uint64_t value)
{
	size_t at = skip_blanks_back(body, (size_t)value) - 1; /* the colon */
	at = skip_blanks_back(body, at) - 1;                   /* the quote that ends the name */
	do {
		at--;
	} while (body[at] != '"' || body[at - 1] == '\\');
	return at;
}

/* Drops the member with this value and the comma behind it, if it is the first that stays in its object, or else the
 * one in front.  Returns where what was dropped ends. */
static size_t drop(struct edits *edits, const char *body, const struct json_value *value, bool is_first)
{
	size_t start = name_start(body, value->start), end = (size_t)value->end;
	if (!is_first) {
		edits_add(edits, skip_blanks_back(body, start) - 1, end, "");
		return end;
	}
	while (is_blank(body[end]))
		end++;
	end += body[end] == ',';
	edits_add(edits, start, end, "");
	return end;
}

static int compare_places(const void *left, const void *right)
{
	const struct json_value *const *a = left, *const *b = right;
	return (*a)->start < (*b)->start ? -1 : 1;
}

/* Those present, in their order.  A member is the first when nothing is in front of it, or what was is dropped. */
static void drop_all(struct edits *edits, const char *body, const struct json_scan *scan, size_t count)
{
	const struct json_value *present[TARGET_PARAMS_MAX] = {0};
	size_t found = 0, reached = 0;

	for (size_t i = 0; i < count; i++)
		if (json_value(scan, i)->type != JSON_ABSENT)
			present[found++] = json_value(scan, i);
	qsort(present, found, sizeof(*present), compare_places);
	for (size_t i = 0; i < found; i++) {
		size_t start = skip_blanks_back(body, name_start(body, present[i]->start));
		bool is_first = body[start - 1] == '{' || (reached > 0 && start == reached);
		size_t end = drop(edits, body, present[i], is_first);
		reached = is_first ? end : 0;
	}
}

bool splice_params(struct edits *edits, const char *body, size_t length, uint64_t insert_at,
                   const struct target *target)
{
	static struct json_scan scan; /* large, and of no use afterwards */
	const char *names[TARGET_PARAMS_MAX];

	for (size_t i = 0; i < target->param_count; i++)
		names[i] = target->params[i].name;
	json_start(&scan, names, target->param_count);
	json_feed(&scan, body, length);
	if (json_end(&scan) != JSON_OK)
		return false;
	drop_all(edits, body, &scan, target->param_count);
	for (size_t i = 0; i < target->param_count; i++) {
		if (!target->params[i].member)
			continue;
		edits_add(edits, insert_at, insert_at, target->params[i].member);
		edits_add(edits, insert_at, insert_at, ",");
	}
	return true;
}
