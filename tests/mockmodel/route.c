#include "route.h"

#include <stdlib.h>
#include <string.h>

#include "connection.h"
#include "dialogs.h"
#include "events.h"
#include "generate.h"
#include "lists.h"
#include "media.h"
#include "native.h"
#include "script.h"

enum needs { NOTHING, BODY, PARTS };

/* Who has it: the servers imitated are not all alike. */
enum known { TO_ALL, TO_OLLAMA, TO_OTHERS };

struct route {
	const char *method;
	const char *path; /* the end of it: base URLs differ in what comes before */
	enum known known;
	enum needs needs;
	enum next (*answer)(struct exchange *x);
};

static enum next chat(struct exchange *x);
static enum next completion(struct exchange *x);
static enum next go_on(struct exchange *x);

static const struct route routes[] = {
	{"POST", "/api/chat", TO_OLLAMA, BODY, native_chat},
	{"POST", "/api/generate", TO_OLLAMA, BODY, native_generate},
	{"POST", "/api/show", TO_OLLAMA, BODY, native_show},
	{"POST", "/api/embed", TO_OLLAMA, BODY, lists_embed},
	{"POST", "/api/embeddings", TO_OLLAMA, BODY, lists_embed_one},
	{"GET", "/api/version", TO_OLLAMA, NOTHING, native_version},
	{"GET", "/api/tags", TO_OLLAMA, NOTHING, native_tags},
	{"GET", "/api/ps", TO_OLLAMA, NOTHING, native_ps},
	{"POST", "/chat/completions", TO_ALL, BODY, chat},
	{"POST", "/completions", TO_ALL, BODY, completion},
	{"POST", "/embeddings", TO_ALL, BODY, lists_embeddings},
	{"POST", "/responses", TO_ALL, BODY, dialogs_response},
	{"POST", "/messages/count_tokens", TO_OTHERS, BODY, dialogs_count_tokens},
	{"POST", "/messages", TO_ALL, BODY, dialogs_message},
	{"POST", "/images/generations", TO_ALL, BODY, media_images},
	{"POST", "/images/edits", TO_OTHERS, PARTS, media_images},
	{"POST", "/images/variations", TO_OTHERS, PARTS, media_images},
	{"POST", "/audio/speech", TO_OTHERS, BODY, media_speech},
	{"POST", "/audio/transcriptions", TO_ALL, PARTS, media_transcription},
	{"POST", "/audio/translations", TO_OTHERS, PARTS, media_transcription},
	{"POST", "/moderations", TO_OTHERS, BODY, lists_moderations},
	{"POST", "/rerank", TO_OTHERS, BODY, lists_rerank},
	{"GET", "/models", TO_ALL, NOTHING, lists_models},
	{"GET", "/mock/go", TO_ALL, NOTHING, go_on},
	{"GET", "/mock/events", TO_ALL, NOTHING, events_answer},
	{"GET", "/mock/requests", TO_ALL, NOTHING, events_answer_requests},
};

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);
	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool wants_stream(const struct exchange *x)
{
	return json_is_true(json_object_get(x->json, "stream"));
}

static enum next chat(struct exchange *x)
{
	const struct shape *shape = x->shape;
	struct form call = {
		.whole = shape->call,
		.open = shape->call_open,
		.first = shape->call_first,
		.delta = shape->call_delta,
		.finish = shape->chat_finish,
		.usage = shape->chat_usage,
	};
	struct form form = {
		.whole = shape->chat,
		.first = shape->chat_first,
		.delta = shape->chat_delta,
		.finish = shape->chat_finish,
		.usage = shape->chat_usage,
	};
	return generate_begin(x, script_tool(x) ? &call : &form, wants_stream(x));
}

static enum next completion(struct exchange *x)
{
	const struct shape *shape = x->shape;
	struct form form = {
		.whole = shape->completion,
		.delta = shape->completion_delta,
		.finish = shape->completion_finish,
		.usage = shape->completion_usage,
	};
	return generate_begin(x, &form, wants_stream(x));
}

static enum next answer_text(struct exchange *x, int status, const char *type, const char *extra, const char *text)
{
	struct bytes body = {0};
	bytes_text(&body, text);
	enum next next = answer_whole(x, status, type, extra, &body);
	bytes_free(&body);
	return next;
}

static enum next go_on(struct exchange *x)
{
	char text[32];
	snprintf(text, sizeof(text), "{\"held\":%u}", connection_go_on());
	return answer_text(x, 200, "application/json", "", text);
}

/* Faults that show before the answer begins; NEXT_MORE: none. */
static enum next fail_at_once(struct exchange *x)
{
	const struct behaviour *b = &x->behaviour;
	if (behaviour_has(b, FAULT(STALL_HEAD)))
		return NEXT_HANG;
	if (behaviour_has(b, FAULT(CLOSE_HEAD)))
		return NEXT_CLOSE;
	if (behaviour_has(b, FAULT(RST_HEAD)))
		return NEXT_RESET;
	if (!behaviour_has(b, FAULT(NOT_HTTP)))
		return NEXT_MORE;
	bytes_text(&x->out, "220 mock ESMTP ready\r\n");
	return NEXT_CLOSE;
}

static enum next refuse(struct exchange *x)
{
	const struct behaviour *b = &x->behaviour;
	if (behaviour_has(b, FAULT(HTML_502)))
		return answer_text(x, 502, "text/html", "", "<html><body><h1>502 Bad Gateway</h1></body></html>\n");
	if (behaviour_has(b, FAULT(PAGE)))
		return answer_text(x, 200, "text/html; charset=utf-8", "", "<html><body>Please sign in</body></html>\n");
	if (behaviour_has(b, FAULT(EMPTY_500)))
		return answer_text(x, 500, "", "", "");
	if (behaviour_has(b, FAULT(EMPTY_200)))
		return answer_text(x, 200, "application/json", "", "");
	if (behaviour_has(b, FAULT(STRING_ERROR)))
		return answer_text(x, 401, "application/json", "", "{\"error\":\"Unauthorized\"}");
	if (behaviour_has(b, FAULT(FLAT_ERROR)))
		return answer_text(
			x, 400, "application/json", "",
			"{\"object\":\"error\",\"message\":\"too long\",\"type\":\"BadRequestError\",\"param\":null,\"code\":400}");
	if (behaviour_has(b, FAULT(TEXT_404)))
		return answer_text(x, 404, "text/plain", "", "404 page not found");
	if (behaviour_has(b, FAULT(REDIRECT)))
		return answer_text(x, 302, "text/plain", "Location: http://127.0.0.1:1/elsewhere\r\n", "over there");
	if (behaviour_has(b, FAULT(BUSY_503)))
		return answer_error(x, SHAPE_BUSY);
	if (behaviour_has(b, FAULT(CONTEXT_400)))
		return answer_error(x, SHAPE_CONTEXT);
	if (behaviour_has(b, FAULT(KEY_401)))
		return answer_error(x, SHAPE_BAD_KEY);
	if (behaviour_has(b, FAULT(MODEL_404)))
		return answer_error(x, SHAPE_NO_MODEL);
	return behaviour_has(b, FAULT(RATE_429)) ? answer_error(x, SHAPE_RATE) : NEXT_MORE;
}

static bool is_known(enum known known, const struct shape *shape)
{
	return known == TO_ALL || (known == TO_OLLAMA) == (shape == &shape_ollama);
}

static const struct route *find(const struct exchange *x)
{
	const char *method = strcmp(x->request.method, "HEAD") == 0 ? "GET" : x->request.method;
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++)
		if (strcmp(routes[i].method, method) == 0 && ends_with(x->request.path, routes[i].path) &&
		    is_known(routes[i].known, x->shape))
			return &routes[i];
	return NULL;
}

static bool has_key(const struct exchange *x)
{
	const char *key = x->options->api_key;
	const char *given = x->request.authorization;
	return *key == '\0' || strncmp(x->request.path, "/mock/", 6) == 0 ||
	       (strncmp(given, "Bearer ", 7) == 0 && strcmp(given + 7, key) == 0);
}

static enum next dispatch(struct exchange *x)
{
	const struct route *route = find(x);
	char *part = route && route->needs == PARTS ? answer_part(x, "model") : NULL;
	bool lacks = route && ((route->needs == BODY && !x->json) || (route->needs == PARTS && !part));
	free(part);
	if (lacks)
		return answer_error(x, SHAPE_BAD_BODY);
	if (route)
		return route->answer(x);
	if (strstr(x->request.path, "/models/"))
		return lists_model(x);
	if (strcmp(x->request.path, "/") == 0 && x->shape == &shape_ollama)
		return native_root(x);
	return answer_text(x, 404, "text/plain", "", "404 page not found");
}

static enum dialect dialect_of(const char *path)
{
	if (strstr(path, "/messages"))
		return AS_ANTHROPIC;
	return strncmp(path, "/api/", 5) == 0 ? AS_OLLAMA : AS_OPENAI;
}

static enum next begin(struct exchange *x)
{
	x->dialect = dialect_of(x->request.path);
	if (x->misspelt)
		return answer_text(x, 500, "text/plain", "", "no such fault; see heimgate-mockmodel --help\n");
	if (!has_key(x))
		return answer_error(x, SHAPE_BAD_KEY);
	enum next next = fail_at_once(x);
	if (next != NEXT_MORE)
		return next;
	/* An error is an answer of its own: NEXT_MORE means that there is none. */
	next = refuse(x);
	return next != NEXT_MORE ? next : dispatch(x);
}

enum next route_step(struct exchange *x)
{
	return x->streaming ? generate_step(x) : begin(x);
}
