#include "body.h"

#include <stdlib.h>
#include <string.h>

#include "shares.h"

enum { FIRST_ROOM_MAX = 64 * 1024 }; /* an announced length is believed so far before any of it has come */

enum wanted {
	WANT_MODEL,
	WANT_STREAM,
	WANT_N,
	WANT_MAX_TOKENS, /* from here: how the dialects spell the largest answer */
	WANT_MAX_COMPLETION_TOKENS,
	WANT_MAX_OUTPUT_TOKENS,
	WANT_NUM_PREDICT,
	WANT_NAME, /* only where it may name the model */
	WANT_COUNT
};

static const char *const wanted[WANT_COUNT] = {
	[WANT_MODEL] = "model",
	[WANT_STREAM] = "stream",
	[WANT_N] = "n",
	[WANT_MAX_TOKENS] = "max_tokens",
	[WANT_MAX_COMPLETION_TOKENS] = "max_completion_tokens",
	[WANT_MAX_OUTPUT_TOKENS] = "max_output_tokens",
	[WANT_NUM_PREDICT] = "options.num_predict",
	[WANT_NAME] = "name",
};

static const struct conf_edge *conf;

void body_init(const struct conf_edge *edge_conf)
{
	conf = edge_conf;
}

static bool takes(const struct body *body, enum wire_takes kind)
{
	return body->route && body->route->takes == kind;
}

void body_expect(struct body *body, const struct wire_route_info *route, const char *boundary)
{
	body->route = route;
	if (route->takes == TAKES_JSON)
		json_start(&body->scan.json, wanted, route->named == NAMED_EITHER ? WANT_COUNT : WANT_NAME);
	else if (route->takes == TAKES_FORM)
		form_start(&body->scan.form, boundary);
}

static enum body_result refuse_framing(const struct body *body, struct refusal *refusal)
{
	refusal_http(refusal, &body->framing.refusal);
	return BODY_REFUSED;
}

static enum body_result judge_json(struct json_scan *scan, bool complete, struct refusal *refusal)
{
	enum json_error error = complete ? json_end(scan) : json_feed(scan, "", 0);
	if (error == JSON_OK && (!complete || json_is_object(scan)))
		return complete ? BODY_DONE : BODY_MORE;
	refusal_json(refusal, error, json_error_at(scan));
	return BODY_REFUSED;
}

static enum body_result judge_form(struct form *form, bool complete, struct refusal *refusal)
{
	enum form_error error = complete ? form_end(form) : form_feed(form, "", 0);
	if (error == FORM_OK)
		return complete ? BODY_DONE : BODY_MORE;
	refusal_form(refusal, error, form_error_at(form));
	return BODY_REFUSED;
}

static enum body_result judge(struct body *body, enum http_body_result framing, struct refusal *refusal)
{
	body->complete = framing == HTTP_BODY_DONE;
	if (framing == HTTP_BODY_REFUSED)
		return refuse_framing(body, refusal);
	if (takes(body, TAKES_JSON))
		return judge_json(&body->scan.json, body->complete, refusal);
	if (takes(body, TAKES_FORM))
		return judge_form(&body->scan.form, body->complete, refusal);
	return body->complete ? BODY_DONE : BODY_MORE;
}

static uint64_t limit_of(const struct body *body)
{
	uint64_t own = body->route ? (uint64_t)body->route->body_kib * 1024 : 0;
	return own > 0 && own < (uint64_t)conf->body_max ? own : (uint64_t)conf->body_max;
}

enum body_result body_start(struct body *body, const struct http_head *head, const char *key_id,
                            struct refusal *refusal)
{
	body->key_id = key_id;
	body->announced = head->content_length;
	return judge(body, http_body_start(&body->framing, head, limit_of(body)), refusal);
}

static bool keep(struct body *body, const char *bytes, size_t length)
{
	size_t hint = body->announced < FIRST_ROOM_MAX ? (size_t)body->announced : FIRST_ROOM_MAX;
	if (!body->share)
		body->share = shares_join(body->key_id);
	if (!body->share || (body->kept.size == 0 && !buffer_room(&body->kept, hint)))
		return false;
	if (!buffer_room(&body->kept, length) || !shares_take(body->share, length, (uint64_t)conf->body_total))
		return false;
	return buffer_put(&body->kept, bytes, length);
}

/* What is not what it must be is not kept, but still read to the end of what is at hand: a short bad body does
 * not cost its client the connection. */
static bool take(struct body *body, const char *bytes, size_t length)
{
	bool good = false;
	if (takes(body, TAKES_JSON))
		good = json_feed(&body->scan.json, bytes, length) == JSON_OK;
	else if (takes(body, TAKES_FORM))
		good = form_feed(&body->scan.form, bytes, length) == FORM_OK;
	return !good || keep(body, bytes, length);
}

enum body_result body_feed(struct body *body, const char *bytes, size_t length, size_t *used, struct refusal *refusal)
{
	struct http_piece piece;
	enum http_body_result result;
	*used = 0;
	do {
		result = http_body_next(&body->framing, bytes + *used, length - *used, &piece);
		if (piece.length > 0 && !take(body, bytes + *used + piece.start, piece.length)) {
			refusal_overloaded(refusal, "too many request bodies are held already");
			return BODY_REFUSED;
		}
		*used += piece.used;
	} while (result == HTTP_BODY_DATA);
	return judge(body, result, refusal);
}

/* Names like that could not be told apart in a list of names, one a line. */
static bool is_plain(const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name < ' ' || *name == 0x7f)
			return false;
	return true;
}

static bool form_model(const struct form *form, char *model, struct refusal *refusal)
{
	const struct form_value *value = form_value(form, FORM_MODEL);
	if (form_decode(value, model, MODEL_NAME_MAX + 1) > 0 && is_plain(model))
		return true;
	*model = '\0';
	refusal_model(refusal, value->met ? JSON_STRING : JSON_ABSENT);
	return false;
}

static bool json_model(const struct json_scan *scan, enum wanted member, char *model, struct refusal *refusal)
{
	const struct json_value *value = json_value(scan, member);
	if (json_decode_string(value, model, MODEL_NAME_MAX + 1) > 0)
		return true;
	*model = '\0';
	refusal_model(refusal, value->type);
	return false;
}

/* Two names that differ would be read by each server in its own way. */
static bool either_model(const struct json_scan *scan, char *model, struct refusal *refusal)
{
	char name[MODEL_NAME_MAX + 1];
	if (json_value(scan, WANT_NAME)->type == JSON_ABSENT)
		return json_model(scan, WANT_MODEL, model, refusal);
	if (json_value(scan, WANT_MODEL)->type == JSON_ABSENT)
		return json_model(scan, WANT_NAME, model, refusal);
	if (!json_model(scan, WANT_MODEL, model, refusal) || !json_model(scan, WANT_NAME, name, refusal))
		return false;
	if (strcmp(model, name) == 0)
		return true;
	refusal_bad_request(refusal, "its members \"model\" and \"name\" differ");
	return false;
}

bool body_model(const struct body *body, char *model, struct refusal *refusal)
{
	switch (body->route->named) {
	case NAMED_NONE:
	case NAMED_PATH:
		break;
	case NAMED_BODY:
		return takes(body, TAKES_FORM) ? form_model(&body->scan.form, model, refusal)
		                               : json_model(&body->scan.json, WANT_MODEL, model, refusal);
	case NAMED_EITHER:
		return either_model(&body->scan.json, model, refusal);
	}
	return true;
}

/* Servers differ in which spelling they obey: the largest number is the safe one. */
static int64_t largest_answer(const struct json_scan *scan)
{
	int64_t largest = -1;
	for (size_t i = WANT_MAX_TOKENS; i <= WANT_NUM_PREDICT; i++) {
		int64_t number = json_decode_integer(json_value(scan, i));
		largest = number > largest ? number : largest;
	}
	return largest;
}

static int64_t form_number(const struct form_value *value)
{
	char text[8];
	int length = form_decode(value, text, sizeof(text));
	return length > 0 && strspn(text, "0123456789") == (size_t)length ? strtoll(text, NULL, 10) : -1;
}

struct estimate body_estimate(const struct body *body)
{
	struct estimate estimate = {
		.route = body->route->route,
		.max_tokens = -1,
		.choices = -1,
		.completion_default = (uint64_t)conf->completion_estimate,
	};
	if (takes(body, TAKES_JSON)) {
		estimate.prompt_bytes = buffer_length(&body->kept);
		estimate.max_tokens = largest_answer(&body->scan.json);
		estimate.choices = json_decode_integer(json_value(&body->scan.json, WANT_N));
	} else if (takes(body, TAKES_FORM)) {
		estimate.choices = form_number(form_value(&body->scan.form, FORM_N));
	}
	return estimate;
}

/* Ollama streams what it writes unless it is told not to. */
static bool streams_untold(const struct wire_route_info *route)
{
	return route && route->shape == SHAPE_LINES && route->cost == COST_ANSWER;
}

bool body_asks_stream(const struct body *body)
{
	enum json_type stream = takes(body, TAKES_JSON) ? json_value(&body->scan.json, WANT_STREAM)->type : JSON_ABSENT;
	return stream == JSON_TRUE || (stream == JSON_ABSENT && streams_untold(body->route));
}

void body_free(struct body *body)
{
	if (body->share)
		shares_leave(body->share, buffer_length(&body->kept));
	body->share = NULL;
	buffer_free(&body->kept);
}
