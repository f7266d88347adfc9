/* Heads of answers, byte for byte. */
#include "../../edge/reply.h"

#include <stdlib.h>
#include <string.h>

#include "../tap/tap.h"

#define ALWAYS \
	"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" \
	"x-request-id: req_00010000000000000000000000000fff\r\n" \
	"openai-processing-ms: 42\r\n" \
	"openai-version: 2020-10-01\r\n"

static struct reply plain(uint16_t status)
{
	struct reply reply = {.status = status, .content_type = "", .headers = "", .processing_ms = 42};
	reply.wall_ms = UINT64_C(784111777) * 1000;
	memcpy(reply.request_id, "\0\1\0\0\0\0\0\0\0\0\0\0\0\0\x0f\xff", REQUEST_ID_SIZE);
	return reply;
}

static void is_head(const struct reply *reply, const char *wanted, const char *name)
{
	char text[REPLY_HEAD_MAX];
	size_t length = reply_head(reply, text, sizeof(text));
	is_text(text, wanted, "%s", name);
	is_int((long long)length, (long long)strlen(wanted), "%s: its length", name);
}

static void test_heads(void)
{
	struct reply reply = plain(200);
	reply.content_type = "application/json";
	reply.length = 7;
	is_head(&reply, "HTTP/1.1 200 OK\r\n" ALWAYS "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n",
	        "an answer of known length");
	reply.close = true;
	reply.headers = "X-One: 1\r\n";
	is_head(&reply,
	        "HTTP/1.1 200 OK\r\n" ALWAYS "Content-Type: application/json\r\nX-One: 1\r\nContent-Length: 7\r\n"
	        "Connection: close\r\n\r\n",
	        "the last one on its connection, with a header to pass on");
	reply = plain(200);
	reply.content_type = "text/event-stream";
	reply.streaming = reply.chunked = true;
	is_head(&reply,
	        "HTTP/1.1 200 OK\r\n" ALWAYS "Content-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
	        "X-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n",
	        "a stream");
	reply = plain(204);
	is_head(&reply, "HTTP/1.1 204 No Content\r\n" ALWAYS "\r\n", "an answer that can have no body");
	reply = plain(418);
	is_head(&reply, "HTTP/1.1 418 Status\r\n" ALWAYS "Content-Length: 0\r\n\r\n", "a status nobody knows");
}

static void test_levels(void)
{
	struct reply reply = plain(200);
	reply.requests = (struct limit_level){60, 59, 1000};
	is_head(&reply,
	        "HTTP/1.1 200 OK\r\n" ALWAYS "x-ratelimit-limit-requests: 60\r\nx-ratelimit-remaining-requests: 59\r\n"
	        "x-ratelimit-reset-requests: 1s\r\nContent-Length: 0\r\n\r\n",
	        "a key with one limit");
	reply.tokens = (struct limit_level){150000, 149984, 6};
	is_head(&reply,
	        "HTTP/1.1 200 OK\r\n" ALWAYS "x-ratelimit-limit-requests: 60\r\nx-ratelimit-remaining-requests: 59\r\n"
	        "x-ratelimit-reset-requests: 1s\r\nx-ratelimit-limit-tokens: 150000\r\n"
	        "x-ratelimit-remaining-tokens: 149984\r\nx-ratelimit-reset-tokens: 6ms\r\nContent-Length: 0\r\n\r\n",
	        "a key with two");
}

static void is_refused(const struct refusal *refusal, bool head_only, const char *wanted, const char *name)
{
	char text[REPLY_MAX];
	struct reply reply = plain(0);
	size_t length = reply_refusal(&reply, refusal, head_only, text, sizeof(text));
	is_bytes(text, length, wanted, strlen(wanted), "%s", name);
}

#define BODY "{\"error\":{\"message\":\"m\",\"type\":\"t\",\"param\":null,\"code\":\"c\"}}"

static void test_refusals(void)
{
	struct refusal refusal = {.status = 429, .type = "t", .code = "c", .retry_after_ms = 1780, .message = "m"};
	is_refused(&refusal, false,
	           "HTTP/1.1 429 Too Many Requests\r\n" ALWAYS "Content-Type: application/json\r\n"
	           "Retry-After: 2\r\nretry-after-ms: 1780\r\nContent-Length: 60\r\n\r\n" BODY,
	           "a refusal that says when to come back, rounded up");
	refusal.retry_after_ms = 1;
	is_refused(&refusal, true,
	           "HTTP/1.1 429 Too Many Requests\r\n" ALWAYS "Content-Type: application/json\r\n"
	           "Retry-After: 1\r\nretry-after-ms: 1\r\nContent-Length: 60\r\n\r\n",
	           "one without its body, never less than a second");
	refusal = (struct refusal){.status = 429, .type = "t", .code = "c", .never_retry = true, .message = "m"};
	is_refused(&refusal, false,
	           "HTTP/1.1 429 Too Many Requests\r\n" ALWAYS "Content-Type: application/json\r\n"
	           "x-should-retry: false\r\nContent-Length: 60\r\n\r\n" BODY,
	           "one that is final");
	refusal = (struct refusal){.status = 405, .type = "t", .code = "c", .allow = "GET, HEAD", .message = "m"};
	is_refused(&refusal, false,
	           "HTTP/1.1 405 Method Not Allowed\r\n" ALWAYS "Content-Type: application/json\r\n"
	           "Allow: GET, HEAD\r\nContent-Length: 60\r\n\r\n" BODY,
	           "one of a method");
	refusal = (struct refusal){.status = 401, .type = "t", .code = "c", .message = "m"};
	is_refused(&refusal, false,
	           "HTTP/1.1 401 Unauthorized\r\n" ALWAYS "Content-Type: application/json\r\n"
	           "WWW-Authenticate: Bearer\r\nContent-Length: 60\r\n\r\n" BODY,
	           "one of a credential");
}

/* The largest of everything still ends in an empty line. */
static void test_largest(void)
{
	static char headers[HEADER_BLOCK_MAX + 1], type[CONTENT_TYPE_MAX + 1], text[REPLY_HEAD_MAX];
	struct reply reply = plain(431);
	memset(headers, 'h', HEADER_BLOCK_MAX - 2);
	memcpy(headers + HEADER_BLOCK_MAX - 2, "\r\n", 3);
	memset(type, 't', CONTENT_TYPE_MAX);
	reply.headers = headers;
	reply.content_type = type;
	reply.streaming = reply.close = true;
	reply.length = reply.processing_ms = UINT64_MAX;
	reply.requests = reply.tokens = (struct limit_level){UINT64_MAX, UINT64_MAX, UINT32_MAX};
	size_t length = reply_head(&reply, text, sizeof(text));
	ok(length < sizeof(text) - 1 && strcmp(text + length - 4, "\r\n\r\n") == 0, "the largest head fits: %zu bytes",
	   length);
}

/* What stands in every answer of a dialect. */
static void test_dialects(void)
{
	struct reply reply = plain(200);
	reply.dialect = DIALECT_ANTHROPIC;
	is_head(&reply,
	        "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
	        "x-request-id: req_00010000000000000000000000000fff\r\nrequest-id: req_00010000000000000000000000000fff\r\n"
	        "Content-Length: 0\r\n\r\n",
	        "Anthropic's clients know the request id by another name");
	reply.dialect = DIALECT_OLLAMA;
	is_head(&reply,
	        "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
	        "x-request-id: req_00010000000000000000000000000fff\r\nContent-Length: 0\r\n\r\n",
	        "Ollama says less");
}

static void test_durations(void)
{
	static const struct {
		uint32_t ms;
		const char *text;
	} cases[] = {
		{0, "0s"},
		{1, "1ms"},
		{20, "20ms"},
		{114, "114ms"},
		{999, "999ms"},
		{1000, "1s"},
		{1500, "1.5s"},
		{1780, "1.78s"},
		{1001, "1.001s"},
		{60000, "1m0s"},
		{360000, "6m0s"},
		{1396298, "23m16.298s"},
		{3600000, "1h0m0s"},
		{86399999, "23h59m59.999s"},
		{UINT32_MAX, "1193h2m47.295s"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[REPLY_DURATION_MAX];
		is_text(reply_duration(cases[i].ms, text), cases[i].text, "%u ms", cases[i].ms);
	}
}

int main(void)
{
	test_heads();
	test_levels();
	test_refusals();
	test_largest();
	test_dialects();
	test_durations();
	return tap_done();
}
