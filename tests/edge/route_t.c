/* Which requests are known, and what becomes of the others. */
#include "../../edge/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tap/tap.h"

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X256 X64 X64 X64 X64

static const struct {
	const char *request;
	enum route_result result;
	const char *path;   /* of the row found */
	const char *detail; /* the model's id, or the Allow list after ROUTE_WRONG_METHOD */
} cases[] = {
	{"POST /v1/chat/completions", ROUTE_FOUND, "/v1/chat/completions", ""},
	{"POST /v1/completions", ROUTE_FOUND, "/v1/completions", ""},
	{"POST /v1/embeddings", ROUTE_FOUND, "/v1/embeddings", ""},
	{"POST /v1/embeddings?api-version=2024%2D06", ROUTE_FOUND, "/v1/embeddings", ""},
	{"POST /v1/embeddings?", ROUTE_FOUND, "/v1/embeddings", ""},
	{"GET /v1/models", ROUTE_FOUND, "/v1/models", ""},
	{"GET /v1/models?limit=20", ROUTE_FOUND, "/v1/models", ""},
	{"GET /", ROUTE_FOUND, "/", ""},
	{"HEAD /", ROUTE_FOUND, "/", ""},
	{"GET /health", ROUTE_FOUND, "/health", ""},
	{"HEAD /health", ROUTE_FOUND, "/health", ""},
	{"GET /api/v1/health", ROUTE_FOUND, "/api/v1/health", ""},
	{"GET /ready", ROUTE_FOUND, "/ready", ""},

	{"GET /v1/models/gpt-4o", ROUTE_FOUND, "/v1/models/{id}", "gpt-4o"},
	{"GET /v1/models/qwen3.5:9b?x=y", ROUTE_FOUND, "/v1/models/{id}", "qwen3.5:9b"},
	{"GET /v1/models/org/model", ROUTE_FOUND, "/v1/models/{id}", "org/model"},
	{"GET /v1/models/org%2Fmodel%3a8b", ROUTE_FOUND, "/v1/models/{id}", "org/model:8b"},
	{"GET /v1/models/a%25b%3Fc%23", ROUTE_FOUND, "/v1/models/{id}", "a%b?c#"},
	{"GET /v1/models/%2525", ROUTE_FOUND, "/v1/models/{id}", "%25"},
	{"GET /v1/models/a+b", ROUTE_FOUND, "/v1/models/{id}", "a+b"},
	{"GET /v1/models/%C3%A9", ROUTE_FOUND, "/v1/models/{id}", "\xc3\xa9"},
	{"GET /v1/models/" X256, ROUTE_FOUND, "/v1/models/{id}", X256},
	{"GET /v1/models/" X256 "x", ROUTE_BAD_TARGET, NULL, NULL},
	{"GET /v1/models/a%00b", ROUTE_BAD_TARGET, NULL, NULL},
	{"GET /v1/models/a%0Ab", ROUTE_BAD_TARGET, NULL, NULL},
	{"GET /v1/models/a%7f", ROUTE_BAD_TARGET, NULL, NULL},
	{"GET /v1/models/a%", ROUTE_BAD_TARGET, NULL, NULL},
	{"GET /v1/models/a%4", ROUTE_BAD_TARGET, NULL, NULL},
	{"GET /v1/models/a%4?1", ROUTE_BAD_TARGET, NULL, NULL},
	{"GET /v1/models/a%4g", ROUTE_BAD_TARGET, NULL, NULL},
	{"GET /v1/models/a%%41", ROUTE_BAD_TARGET, NULL, NULL},
	{"GET /health?%", ROUTE_BAD_TARGET, NULL, NULL},
	{"GET /v1/foo%zz", ROUTE_BAD_TARGET, NULL, NULL},
	{"POST /v1/embeddings?a=%e", ROUTE_BAD_TARGET, NULL, NULL},

	{"GET /v1/models/", ROUTE_NOT_FOUND, NULL, NULL},
	{"GET /v1/models/?x", ROUTE_NOT_FOUND, NULL, NULL},
	{"POST /v1/foo", ROUTE_NOT_FOUND, NULL, NULL},
	{"POST /v1/chat/completions/", ROUTE_NOT_FOUND, NULL, NULL},
	{"POST /v1/chat/completion", ROUTE_NOT_FOUND, NULL, NULL},
	{"POST /v1/chat/completionss", ROUTE_NOT_FOUND, NULL, NULL},
	{"POST /v1/chat%2Fcompletions", ROUTE_NOT_FOUND, NULL, NULL},
	{"POST /v1/chat/%63ompletions", ROUTE_NOT_FOUND, NULL, NULL},
	{"POST //v1/chat/completions", ROUTE_NOT_FOUND, NULL, NULL},
	{"POST /v1/./chat/completions", ROUTE_NOT_FOUND, NULL, NULL},
	{"POST /v1/x/../chat/completions", ROUTE_NOT_FOUND, NULL, NULL},
	{"POST /V1/chat/completions", ROUTE_NOT_FOUND, NULL, NULL},
	{"POST /v1/chat/completions;x", ROUTE_NOT_FOUND, NULL, NULL},
	{"GET /?/health", ROUTE_FOUND, "/", ""},
	{"GET //", ROUTE_NOT_FOUND, NULL, NULL},

	{"GET /v1/chat/completions", ROUTE_WRONG_METHOD, "/v1/chat/completions", "POST"},
	{"OPTIONS /v1/chat/completions", ROUTE_WRONG_METHOD, "/v1/chat/completions", "POST"},
	{"post /v1/chat/completions", ROUTE_WRONG_METHOD, "/v1/chat/completions", "POST"},
	{"BREW /", ROUTE_WRONG_METHOD, "/", "GET, HEAD"},
	{"HEAD /v1/models", ROUTE_WRONG_METHOD, "/v1/models", "GET"},
	{"PUT /v1/models/gpt-4o", ROUTE_WRONG_METHOD, "/v1/models/{id}", "GET, DELETE"},
	{"DELETE /v1/models/gpt-4o", ROUTE_FOUND, "/v1/models/{id}", "gpt-4o"},
	{"DELETE /v1/models", ROUTE_WRONG_METHOD, "/v1/models", "GET"},
	{"HEAD /api/tags", ROUTE_FOUND, "/api/tags", ""},
	{"POST /api/tags", ROUTE_WRONG_METHOD, "/api/tags", "GET, HEAD"},
	{"POST /api/pull", ROUTE_FOUND, "/api/pull", ""},
	{"BREW /api/pull", ROUTE_FOUND, "/api/pull", ""},
	{"HEAD /api/blobs/sha256:00", ROUTE_FOUND, "/api/blobs/{id}", ""},
	{"POST /v1/messages/count_tokens", ROUTE_FOUND, "/v1/messages/count_tokens", ""},
	{"POST /v1/messages/batches", ROUTE_NOT_FOUND, NULL, NULL},
	{"POST /health", ROUTE_WRONG_METHOD, "/health", "GET, HEAD"},
	{"PUT /ready", ROUTE_WRONG_METHOD, "/ready", "GET, HEAD"},
};

static enum route_result find(const char *request, struct route_match *match)
{
	static char bytes[1024];
	struct http_header headers[1];
	struct http_head head;
	int length = snprintf(bytes, sizeof(bytes), "%s HTTP/1.1\r\nHost: gate\r\n\r\n", request);
	http_parse_start(&head, headers, 1, sizeof(bytes));
	if (http_parse(&head, bytes, (size_t)length) != HTTP_DONE)
		abort();
	return route_find(&head, bytes, match);
}

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct route_match match;
		enum route_result result = find(cases[i].request, &match);
		is_int(result, cases[i].result, "%s", cases[i].request);
		is_text(match.route ? match.route->path : NULL, cases[i].path, "%s: row", cases[i].request);
		if (result == ROUTE_FOUND)
			is_text(match.model, cases[i].detail, "%s: id", cases[i].request);
		if (result == ROUTE_WRONG_METHOD)
			is_text(match.allow, cases[i].detail, "%s: Allow", cases[i].request);
		if (result == ROUTE_BAD_TARGET)
			ok(match.reason != NULL, "%s: says why", cases[i].request);
	}
}

static const char *method_of(const struct wire_route_info *route)
{
	if (route->methods & METHOD_GET)
		return "GET";
	return route->methods & METHOD_POST ? "POST" : "DELETE";
}

/* Every row is found by its own path, and by no other method than its own. */
static void test_rows(void)
{
	for (unsigned i = 0; i < ROUTE_COUNT; i++) {
		const struct wire_route_info *route = wire_route_info((enum wire_route)i);
		char request[128];
		struct route_match match;
		is_int(route->route, i, "%s: the number is its own", route->path);
		snprintf(request, sizeof(request), "%s %s", method_of(route), route->path);
		ok(find(request, &match) == ROUTE_FOUND && match.route == route, "%s is found", request);
		snprintf(request, sizeof(request), "PATCH %s", route->path);
		bool any = route->methods == METHOD_ANY;
		is_int(find(request, &match), any ? ROUTE_FOUND : ROUTE_WRONG_METHOD, "%s", request);
		ok(any || (route->methods & METHOD_OTHER) == 0, "and other methods are only known to be refused");
		ok(!any || route->serve == SERVE_NOBODY, "as whatever is not served");
	}
}

static void test_dialects(void)
{
	static const struct {
		const char *request;
		enum wire_dialect dialect;
	} near[] = {{"POST /v1/foo", DIALECT_OPENAI},
	            {"POST /v1/messages/batches", DIALECT_ANTHROPIC},
	            {"GET /v1/messages", DIALECT_ANTHROPIC},
	            {"POST /api/foo", DIALECT_OLLAMA},
	            {"GET /api/chat", DIALECT_OLLAMA},
	            {"POST /api/x%", DIALECT_OLLAMA},
	            {"GET /apis", DIALECT_OPENAI}};
	for (size_t i = 0; i < sizeof(near) / sizeof(*near); i++) {
		struct route_match match;
		ok(find(near[i].request, &match) != ROUTE_FOUND, "%s is refused", near[i].request);
		is_int(match.dialect, near[i].dialect, "in the dialect of its neighbours");
	}
}

int main(void)
{
	test_cases();
	test_rows();
	test_dialects();
	return tap_done();
}
