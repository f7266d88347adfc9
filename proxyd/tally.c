#include "tally.h"

#include <string.h>

#include "../proto/wire/msg_limit.h"

enum { TYPE_MAX = 64 };

/* The first members are the same in each: tokens in, tokens out, and both or more of the former. */
enum { WANT_IN, WANT_OUT, WANT_MORE, OWN };
enum { CHAT_USAGE = OWN, CHAT_CHOICES, CHAT_ERROR, CHAT_PATHS };
enum { TYPED_NESTED = OWN, TYPED_TYPE, TYPED_ERROR, TYPED_PATHS };
enum { MESSAGE_CACHED = TYPED_PATHS, MESSAGE_PATHS };
enum { LINES_DONE = WANT_MORE, LINES_ERROR, LINES_REASON, LINES_PATHS };

static const char *const chat_paths[] = {
	"usage.prompt_tokens", "usage.completion_tokens", "usage.total_tokens", "usage", "choices", "error"};
static const char *const typed_paths[] = {
	"usage.input_tokens", "usage.output_tokens", "usage.total_tokens", "response.usage", "type", "error"};
static const char *const message_paths[] = {"usage.input_tokens",
                                            "usage.output_tokens",
                                            "usage.cache_creation_input_tokens",
                                            "message.usage",
                                            "type",
                                            "error",
                                            "usage.cache_read_input_tokens"};
static const char *const lines_paths[] = {"prompt_eval_count", "eval_count", "done", "error", "done_reason"};

/* The same numbers within an object that stands too deep for the others. */
static const char *const nested_paths[] = {"input_tokens", "output_tokens", "cache_creation_input_tokens",
                                           "cache_read_input_tokens"};

void tally_start(struct tally *tally, enum wire_shape shape)
{
	memset(tally, 0, offsetof(struct tally, json));
	tally->shape = shape;
}

void tally_object_start(struct tally *tally)
{
	switch (tally->shape) {
	case SHAPE_PLAIN:
		json_start(&tally->json, NULL, 0);
		break;
	case SHAPE_CHAT:
		json_start(&tally->json, chat_paths, CHAT_PATHS);
		break;
	case SHAPE_RESPONSE:
	case SHAPE_MEDIA:
		json_start(&tally->json, typed_paths, TYPED_PATHS);
		break;
	case SHAPE_MESSAGE:
		json_start(&tally->json, message_paths, MESSAGE_PATHS);
		break;
	case SHAPE_LINES:
		json_start(&tally->json, lines_paths, LINES_PATHS);
		break;
	}
}

void tally_feed(struct tally *tally, const char *bytes, size_t length)
{
	json_feed(&tally->json, bytes, length);
}

static int64_t number(const struct json_scan *scan, size_t index)
{
	return json_decode_integer(json_value(scan, index));
}

/* No request takes more: a count beyond that is a server's nonsense, and would have no place in a record. */
static uint64_t or_none(int64_t tokens)
{
	if (tokens > REQUEST_TOKENS_MAX)
		return REQUEST_TOKENS_MAX;
	return tokens > 0 ? (uint64_t)tokens : 0;
}

static void count(struct tally *tally, int64_t in, int64_t out)
{
	tally->counted = true;
	tally->tokens_in = or_none(in);
	tally->tokens_out = or_none(out);
}

/* Embeddings have no tokens out; what is missing follows from the total. */
static void read_totalled(struct tally *tally)
{
	int64_t in = number(&tally->json, WANT_IN), out = number(&tally->json, WANT_OUT);
	int64_t total = number(&tally->json, WANT_MORE);
	if (in < 0 && total < 0)
		return;
	if (in < 0)
		in = out > 0 && out <= total ? total - out : total;
	if (out < 0)
		out = total > in ? total - in : 0;
	count(tally, in, out);
}

/* Scans an object that was kept as text; false when there is none, or it was too long to be kept. */
static bool scan_nested(const struct json_value *value, struct json_scan *scan)
{
	if (value->type != JSON_OBJECT || value->cut)
		return false;
	json_start(scan, nested_paths, sizeof(nested_paths) / sizeof(*nested_paths));
	json_feed(scan, value->text, value->length);
	return json_end(scan) == JSON_OK;
}

static void read_response(struct tally *tally)
{
	struct json_scan nested;
	read_totalled(tally);
	if (scan_nested(json_value(&tally->json, TYPED_NESTED), &nested) && number(&nested, 0) >= 0)
		count(tally, number(&nested, 0), number(&nested, 1));
}

/* A message tells at its start what it has read, and what it has written not before its end.  What comes from a
 * cache is not among the input tokens. */
static void read_message(struct tally *tally)
{
	struct json_scan nested;
	const struct json_scan *scan = &tally->json;
	if (scan_nested(json_value(scan, TYPED_NESTED), &nested))
		tally->tokens_in = or_none(number(&nested, 0)) + or_none(number(&nested, 2)) + or_none(number(&nested, 3));
	if (number(scan, WANT_IN) >= 0)
		tally->tokens_in =
			or_none(number(scan, WANT_IN)) + or_none(number(scan, WANT_MORE)) + or_none(number(scan, MESSAGE_CACHED));
	if (number(scan, WANT_OUT) < 0)
		return;
	tally->counted = true;
	tally->tokens_out = or_none(number(scan, WANT_OUT));
}

/* Loading a model, or unloading it, takes no tokens. */
static bool is_loading(const struct json_value *reason)
{
	char text[8];
	return json_decode_string(reason, text, sizeof(text)) > 0 &&
	       (strcmp(text, "load") == 0 || strcmp(text, "unload") == 0);
}

static void read_line(struct tally *tally)
{
	int64_t in = number(&tally->json, WANT_IN), out = number(&tally->json, WANT_OUT);
	if (in >= 0 || out >= 0 || is_loading(json_value(&tally->json, LINES_REASON)))
		count(tally, in, out);
	tally->done |= json_value(&tally->json, LINES_DONE)->type == JSON_TRUE;
	tally->failed |= json_value(&tally->json, LINES_ERROR)->type == JSON_STRING;
	tally->chunks += !tally->done && !tally->failed;
}

static bool tells_error(const struct json_value *error)
{
	return error->type != JSON_ABSENT && error->type != JSON_NULL && error->type != JSON_FALSE;
}

static bool is_empty_array(const struct json_value *value)
{
	return value->type == JSON_ARRAY && strspn(value->text + 1, " \t\r\n") + 2 == value->length;
}

static enum tally_object read_chat(struct tally *tally)
{
	const struct json_value *choices = json_value(&tally->json, CHAT_CHOICES);
	bool empty = is_empty_array(choices);
	read_totalled(tally);
	tally->failed |= tells_error(json_value(&tally->json, CHAT_ERROR));
	tally->chunks += choices->type == JSON_ARRAY && !empty;
	return empty && json_value(&tally->json, CHAT_USAGE)->type == JSON_OBJECT ? TALLY_USAGE : TALLY_SEEN;
}

static bool ends_with(const char *type, const char *end)
{
	size_t length = strlen(type), wanted = strlen(end);
	return length >= wanted && strcmp(type + length - wanted, end) == 0;
}

/* Only the events of a whole response end it: no client of every kind takes another error for its end. */
static void judge_response(struct tally *tally, const char *type)
{
	tally->done |= strcmp(type, "response.completed") == 0 || strcmp(type, "response.incomplete") == 0;
	tally->failed |= strcmp(type, "response.failed") == 0;
	tally->troubled |= strcmp(type, "error") == 0;
	tally->chunks += ends_with(type, ".delta");
}

static void judge_media(struct tally *tally, const char *type)
{
	tally->done |= strcmp(type, "speech.audio.done") == 0 || strcmp(type, "transcript.text.done") == 0 ||
	               strcmp(type, "image_generation.completed") == 0 || strcmp(type, "image_edit.completed") == 0;
	tally->failed |= strcmp(type, "error") == 0 || tells_error(json_value(&tally->json, TYPED_ERROR));
	tally->chunks += ends_with(type, ".delta") || ends_with(type, ".partial_image");
}

static void judge_message(struct tally *tally, const char *type)
{
	tally->done |= strcmp(type, "message_stop") == 0;
	tally->failed |= strcmp(type, "error") == 0;
	tally->chunks += strcmp(type, "content_block_delta") == 0;
}

static void judge_typed(struct tally *tally)
{
	char type[TYPE_MAX];
	if (json_decode_string(json_value(&tally->json, TYPED_TYPE), type, sizeof(type)) < 0)
		*type = '\0';
	if (tally->shape == SHAPE_RESPONSE)
		judge_response(tally, type);
	else if (tally->shape == SHAPE_MEDIA)
		judge_media(tally, type);
	else
		judge_message(tally, type);
}

static enum tally_object judge(struct tally *tally)
{
	switch (tally->shape) {
	case SHAPE_PLAIN:
		break;
	case SHAPE_CHAT:
		return read_chat(tally);
	case SHAPE_RESPONSE:
	case SHAPE_MEDIA:
		read_response(tally);
		judge_typed(tally);
		break;
	case SHAPE_MESSAGE:
		read_message(tally);
		judge_typed(tally);
		break;
	case SHAPE_LINES:
		read_line(tally);
		break;
	}
	return TALLY_SEEN;
}

enum tally_object tally_object_end(struct tally *tally)
{
	enum json_error error = json_end(&tally->json);
	tally->objects++;
	if (error != JSON_OK)
		return error == JSON_TRUNCATED ? TALLY_CUT : TALLY_NO_JSON;
	return judge(tally);
}
