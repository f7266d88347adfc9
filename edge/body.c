#include "body.h"

enum { FIRST_ROOM_MAX = 64 * 1024 }; /* an announced length is believed so far before any of it has come */

enum wanted { WANT_MODEL, WANT_MAX_TOKENS, WANT_MAX_COMPLETION_TOKENS, WANT_N, WANT_STREAM, WANT_COUNT };

static const char *const wanted[WANT_COUNT] = {
	[WANT_MODEL] = "model", [WANT_MAX_TOKENS] = "max_tokens", [WANT_MAX_COMPLETION_TOKENS] = "max_completion_tokens",
	[WANT_N] = "n",         [WANT_STREAM] = "stream",
};

static const struct conf_edge *conf;
static uint64_t held; /* bytes of all bodies together */

void body_init(const struct conf_edge *edge_conf)
{
	conf = edge_conf;
}

static enum body_result refuse_framing(const struct body *body, struct refusal *refusal)
{
	refusal_http(refusal, &body->framing.refusal);
	return BODY_REFUSED;
}

static enum body_result judge_json(struct body *body, struct refusal *refusal)
{
	if (body->complete)
		body->error = json_end(&body->scan);
	if (body->error == JSON_OK && (!body->complete || json_is_object(&body->scan)))
		return body->complete ? BODY_DONE : BODY_MORE;
	refusal_json(refusal, body->error, json_error_at(&body->scan));
	return BODY_REFUSED;
}

static enum body_result judge(struct body *body, enum http_body_result framing, struct refusal *refusal)
{
	body->complete = framing == HTTP_BODY_DONE;
	if (framing == HTTP_BODY_REFUSED)
		return refuse_framing(body, refusal);
	if (body->is_json)
		return judge_json(body, refusal);
	return body->complete ? BODY_DONE : BODY_MORE;
}

enum body_result body_start(struct body *body, const struct http_head *head, bool is_json, struct refusal *refusal)
{
	body->announced = head->content_length;
	body->is_json = is_json;
	body->error = JSON_OK;
	if (is_json)
		json_start(&body->scan, wanted, WANT_COUNT);
	return judge(body, http_body_start(&body->framing, head, (uint64_t)conf->body_max), refusal);
}

static bool keep(struct body *body, const char *bytes, size_t length)
{
	size_t hint = body->announced < FIRST_ROOM_MAX ? (size_t)body->announced : FIRST_ROOM_MAX;
	if (held + length > (uint64_t)conf->body_total)
		return false;
	if (body->kept.size == 0 && !buffer_room(&body->kept, hint))
		return false;
	if (!buffer_put(&body->kept, bytes, length))
		return false;
	held += length;
	return true;
}

/* What is no JSON any more is not kept, but still read to the end of what is at hand: a short bad body does
 * not cost its client the connection. */
static bool take(struct body *body, const char *bytes, size_t length)
{
	if (!body->is_json)
		return true;
	body->error = json_feed(&body->scan, bytes, length);
	return body->error != JSON_OK || keep(body, bytes, length);
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

bool body_model(const struct body *body, char *model, struct refusal *refusal)
{
	const struct json_value *value = json_value(&body->scan, WANT_MODEL);
	if (json_decode_string(value, model, MODEL_NAME_MAX + 1) > 0)
		return true;
	*model = '\0';
	refusal_model(refusal, value->type);
	return false;
}

struct estimate body_estimate(const struct body *body, enum wire_route route)
{
	return (struct estimate){
		.route = route,
		.body_length = buffer_length(&body->kept),
		.max_tokens = json_decode_integer(json_value(&body->scan, WANT_MAX_TOKENS)),
		.max_completion_tokens = json_decode_integer(json_value(&body->scan, WANT_MAX_COMPLETION_TOKENS)),
		.choices = json_decode_integer(json_value(&body->scan, WANT_N)),
		.completion_default = (uint64_t)conf->completion_estimate,
	};
}

bool body_asks_stream(const struct body *body)
{
	return json_value(&body->scan, WANT_STREAM)->type == JSON_TRUE;
}

void body_free(struct body *body)
{
	held -= buffer_length(&body->kept);
	buffer_free(&body->kept);
}
