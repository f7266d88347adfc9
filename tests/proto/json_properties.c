#include "json_properties.h"

#include <stdlib.h>
#include <string.h>

#include "json_cases.h"
#include "json_oracle.h"

/* From memory of just its size, so that a sanitizer sees a read past its end. */
static void feed_piece(struct json_scan *scan, const char *bytes, size_t length)
{
	char *piece = malloc(length);

	if (!piece)
		abort();
	memcpy(piece, bytes, length);
	json_feed(scan, piece, length);
	free(piece);
}

enum json_error json_properties_scan(struct json_scan *scan, const char *bytes, size_t length, size_t piece)
{
	json_start(scan, json_case_paths, JSON_CASE_PATHS);
	for (size_t at = 0; at < length; at += piece)
		feed_piece(scan, bytes + at, length - at < piece ? length - at : piece);
	return json_end(scan);
}

static bool same_value(const struct json_value *a, const struct json_value *b)
{
	return a->type == b->type && a->start == b->start && a->end == b->end && a->length == b->length &&
	       a->cut == b->cut && memcmp(a->text, b->text, a->length + 1u) == 0;
}

bool json_properties_same(const struct json_scan *a, const struct json_scan *b)
{
	if (a->error != b->error || json_error_at(a) != json_error_at(b))
		return false;
	if (json_is_object(a) != json_is_object(b) || json_is_empty(a) != json_is_empty(b))
		return false;
	if (json_insert_at(a) != json_insert_at(b))
		return false;
	for (size_t i = 0; a->error == JSON_OK && i < JSON_CASE_PATHS; i++)
		if (!same_value(json_value(a, i), json_value(b, i)))
			return false;
	return true;
}

static const char *value_broken(const char *bytes, const struct json_value *value, const char *path)
{
	const char *start = bytes + value->start;
	size_t length = (size_t)(value->end - value->start);
	char text[JSON_TEXT_MAX];

	if (!oracle_agrees(path, start, length))
		return "Jansson finds another value";
	if (value->cut != (length > JSON_TEXT_MAX) || memcmp(value->text, start, value->length) != 0)
		return "the value kept is not the one that stands there";
	if (json_decode_string(value, text, sizeof(text)) >= 0 && !oracle_is_string(start, length, text))
		return "Jansson reads another string";
	return NULL;
}

static const char *values_broken(const char *bytes, const struct json_scan *scan)
{
	const char *broken = NULL;

	for (size_t i = 0; !broken && i < JSON_CASE_PATHS; i++)
		broken = value_broken(bytes, json_value(scan, i), json_case_paths[i]);
	return broken;
}

static bool splice_breaks(const char *bytes, size_t length, const struct json_scan *scan)
{
	const char *member = json_is_empty(scan) ? "\"\":0" : "\"\":0,";
	size_t head = (size_t)json_insert_at(scan);
	struct json_scan after;

	json_start(&after, json_case_paths, JSON_CASE_PATHS);
	json_feed(&after, bytes, head);
	json_feed(&after, member, strlen(member));
	json_feed(&after, bytes + head, length - head);
	return json_end(&after) != JSON_OK;
}

static const char *verdict_broken(enum json_error verdict, enum oracle_verdict oracle)
{
	bool ours_alone = verdict == JSON_AMBIGUOUS || verdict == JSON_DEEP;

	if (verdict == JSON_OK && oracle == ORACLE_NOT_JSON)
		return "accepted, but Jansson refuses";
	if (verdict != JSON_OK && !ours_alone && oracle == ORACLE_JSON)
		return "refused, but Jansson accepts";
	return NULL;
}

const char *json_properties_broken(const char *bytes, size_t length, size_t piece, enum json_error *verdict)
{
	struct json_scan whole, pieces;

	*verdict = json_properties_scan(&whole, bytes, length, length + 1);
	json_properties_scan(&pieces, bytes, length, piece);
	if (!json_properties_same(&whole, &pieces))
		return "pieces change the outcome";
	enum oracle_verdict oracle = oracle_read(bytes, length);
	const char *broken = verdict_broken(*verdict, oracle);
	if (broken || *verdict != JSON_OK)
		return broken;
	if (json_is_object(&whole) && splice_breaks(bytes, length, &whole))
		return "a member spliced in breaks it";
	return oracle == ORACLE_JSON ? values_broken(bytes, &whole) : NULL;
}
