/* Bodies are judged and kept while they arrive, in any pieces. */
#include "../../edge/body.h"

#include <stdio.h>
#include <string.h>

#include "../tap/tap.h"

enum { BODY_MAX = 200, BODY_TOTAL = 700 };

static const char *caller = "one";

/* A client's request body and what is left of it to arrive. */
struct client {
	struct http_head head;
	char bytes[1024];
	size_t length;
};

static struct client sized(const char *text)
{
	struct client client = {.length = strlen(text)};
	memcpy(client.bytes, text, client.length);
	client.head.has_content_length = true;
	client.head.content_length = client.length;
	return client;
}

static struct client chunked(const char *text)
{
	struct client client = {.head.chunked = true};
	int length = snprintf(client.bytes, sizeof(client.bytes), "%zx\r\n%s\r\n0\r\n\r\n", strlen(text), text);
	client.length = (size_t)length;
	return client;
}

static enum body_result feed_to(enum wire_route route, struct body *body, const struct client *client, size_t step,
                                struct refusal *refusal)
{
	body_expect(body, wire_route_info(route), "xyz");
	enum body_result result = body_start(body, &client->head, caller, refusal);
	for (size_t at = 0; at < client->length && result == BODY_MORE;) {
		size_t used, rest = client->length - at;
		result = body_feed(body, client->bytes + at, rest < step ? rest : step, &used, refusal);
		at += used;
	}
	return result;
}

static enum body_result feed(struct body *body, const struct client *client, size_t step, struct refusal *refusal)
{
	return feed_to(ROUTE_CHAT, body, client, step, refusal);
}

static void test_kept(void)
{
	static const char text[] =
		"{\"model\":\"m\\u00e9\",\"stream\":true,\"n\":2,\"max_tokens\":7,\"max_completion_tokens\":9}";
	struct client clients[] = {sized(text), chunked(text)};
	for (size_t i = 0; i < 2; i++) {
		for (size_t step = 1; step < 100; step += 13) {
			struct body body = {0};
			struct refusal refusal;
			char model[MODEL_NAME_MAX + 1] = "";
			ok(feed(&body, &clients[i], step, &refusal) == BODY_DONE && body.complete, "done, in steps of %zu", step);
			is_bytes(buffer_bytes(&body.kept), buffer_length(&body.kept), text, strlen(text), "kept as it came");
			ok(body_model(&body, model, &refusal) && strcmp(model, "m\xc3\xa9") == 0, "the model is known");
			ok(body_asks_stream(&body), "a stream is asked for");
			struct estimate estimate = body_estimate(&body);
			ok(estimate.max_tokens == 9 && estimate.choices == 2 && estimate.prompt_bytes == strlen(text),
			   "so is what decides its cost");
			body_free(&body);
		}
	}
}

static void test_refused(void)
{
	static const struct {
		const char *text;
		const char *message;
		bool complete; /* judged only when its last byte was there */
	} cases[] = {
		{"{\"model\":\"a\",\"model\":\"b\"}", "twice", true},
		{"{\"model\":\"a\",\"Model\":\"b\"}", "twice", true},
		{"{\"model\":\"a\"", "too early", true},
		{"{\"model\":\"\xff\"}", "UTF-8", true},
		{"[1,2]", "must be a JSON object", true},
		{"\"model\"", "must be a JSON object", true},
		{"", "too early", true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct client client = sized(cases[i].text);
		struct body body = {0};
		struct refusal refusal = {0};
		ok(feed(&body, &client, 1000, &refusal) == BODY_REFUSED && refusal.status == 400, "%s is refused",
		   cases[i].text);
		ok(strstr(refusal.message, cases[i].message) != NULL, "%s", refusal.message);
		ok(body.complete == cases[i].complete, "and the connection can go on");
		body_free(&body);
	}
}

static void test_models(void)
{
	static const char *const texts[] = {"{}", "{\"model\":null}", "{\"model\":5}", "{\"model\":\"\"}",
	                                    "{\"model\":\"a\\u0000b\"}"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct client client = sized(texts[i]);
		struct body body = {0};
		struct refusal refusal;
		char model[MODEL_NAME_MAX + 1] = "x";
		feed(&body, &client, 1000, &refusal);
		ok(!body_model(&body, model, &refusal) && refusal.status == 400 && strcmp(refusal.param, "model") == 0,
		   "%s names no model", texts[i]);
		is_text(model, "", "and none is left behind");
		body_free(&body);
	}
}

/* A bad start is refused without waiting for the rest. */
static void test_early(void)
{
	struct client client = sized("{\"model\":}                                   ");
	struct body body = {0};
	struct refusal refusal;
	ok(feed(&body, &client, 12, &refusal) == BODY_REFUSED && !body.complete, "a bad start is refused at once");
	body_free(&body);
}

static void test_bounds(void)
{
	char text[BODY_MAX + 10] = "{\"model\":\"m\",\"x\":\"";
	memset(text + strlen(text), 'x', BODY_MAX - strlen(text) - 2);
	memcpy(text + BODY_MAX - 2, "\"}", 3);
	struct client most = sized(text);
	memcpy(text + BODY_MAX, " ", 2);
	struct client over = sized(text), over_chunked = chunked(text);
	struct body first = {0}, second = {0}, none = {0};
	struct refusal refusal = {0};

	ok(feed(&first, &most, 50, &refusal) == BODY_DONE, "the largest body is taken");
	ok(feed(&none, &over, 50, &refusal) == BODY_REFUSED && refusal.status == 413, "a larger one is not");
	ok(feed(&none, &over_chunked, 50, &refusal) == BODY_REFUSED && refusal.status == 413, "nor in chunks");
	body_free(&none);
	ok(feed(&second, &most, 50, &refusal) == BODY_REFUSED && refusal.status == 503, "a key's together are bounded too");
	body_free(&second);
	caller = "another";
	ok(feed(&second, &most, 50, &refusal) == BODY_DONE, "another key has room of its own");
	body_free(&second);
	caller = "one";
	body_free(&first);
	ok(feed(&second, &most, 50, &refusal) == BODY_DONE, "and what was given back counts no more");
	body_free(&second);
}

static void test_dropped(void)
{
	struct client client = sized("not JSON at all");
	struct body body = {0};
	struct refusal refusal;
	size_t used;
	ok(body_start(&body, &client.head, caller, &refusal) == BODY_MORE, "a body nobody asked for is read");
	ok(body_feed(&body, client.bytes, client.length, &used, &refusal) == BODY_DONE && used == client.length, "whole");
	is_int((long long)buffer_length(&body.kept), 0, "and dropped");
	body_free(&body);
}

/* The largest of what the dialects call the largest answer. */
static void test_spellings(void)
{
	static const char *const texts[] = {"{\"max_tokens\":9}", "{\"max_completion_tokens\":9,\"max_tokens\":7}",
	                                    "{\"max_output_tokens\":9}", "{\"options\":{\"num_predict\":9}}"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct client client = sized(texts[i]);
		struct body body = {0};
		struct refusal refusal;
		feed(&body, &client, 1000, &refusal);
		is_int(body_estimate(&body).max_tokens, 9, "%s", texts[i]);
		body_free(&body);
	}
}

static void test_streaming(void)
{
	static const struct {
		enum wire_route route;
		const char *text;
		bool streams;
	} cases[] = {{ROUTE_CHAT, "{}", false},
	             {ROUTE_CHAT, "{\"stream\":true}", true},
	             {ROUTE_API_CHAT, "{}", true},
	             {ROUTE_API_CHAT, "{\"stream\":false}", false},
	             {ROUTE_API_EMBED, "{}", false}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct client client = sized(cases[i].text);
		struct body body = {0};
		struct refusal refusal;
		feed_to(cases[i].route, &body, &client, 1000, &refusal);
		is_int(body_asks_stream(&body), cases[i].streams, "%s: %s", wire_route_info(cases[i].route)->path,
		       cases[i].text);
		body_free(&body);
	}
}

static void test_either(void)
{
	static const struct {
		const char *text;
		const char *model; /* NULL: refused */
	} cases[] = {{"{\"model\":\"m\"}", "m"},
	             {"{\"name\":\"m\"}", "m"},
	             {"{\"name\":\"m\",\"model\":\"m\"}", "m"},
	             {"{\"name\":\"m\",\"model\":\"n\"}", NULL},
	             {"{\"name\":\"m\",\"model\":null}", NULL},
	             {"{\"name\":\"\"}", NULL},
	             {"{}", NULL}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct client client = sized(cases[i].text);
		struct body body = {0};
		struct refusal refusal;
		char model[MODEL_NAME_MAX + 1];
		feed_to(ROUTE_API_SHOW, &body, &client, 1000, &refusal);
		bool good = body_model(&body, model, &refusal);
		ok(good == (cases[i].model != NULL) && (!good || strcmp(model, cases[i].model) == 0), "%s", cases[i].text);
		body_free(&body);
	}
}

#define PART(name, value) "--xyz\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"

static void test_forms(void)
{
	static const struct {
		const char *text;
		const char *model; /* NULL: refused */
	} cases[] = {{PART("model", "whisper-1") "--xyz--\r\n", "whisper-1"},
	             {PART("n", "3") PART("model", "m") "--xyz--", "m"},
	             {PART("model", "") "--xyz--\r\n", NULL},
	             {PART("model", "a\nb") "--xyz--\r\n", NULL},
	             {PART("model", "a\xff") "--xyz--\r\n", NULL},
	             {PART("n", "3") "--xyz--\r\n", NULL}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct client client = sized(cases[i].text);
		struct body body = {0};
		struct refusal refusal;
		char model[MODEL_NAME_MAX + 1];
		is_int(feed_to(ROUTE_TRANSCRIPTIONS, &body, &client, 7, &refusal), BODY_DONE, "a form is taken");
		is_int((long long)buffer_length(&body.kept), (long long)client.length, "and kept as it came");
		bool good = body_model(&body, model, &refusal);
		ok(good == (cases[i].model != NULL) && (!good || strcmp(model, cases[i].model) == 0), "its model: %s",
		   cases[i].model ? cases[i].model : "none");
		struct estimate estimate = body_estimate(&body);
		ok(estimate.prompt_bytes == 0 && estimate.choices == (strstr(cases[i].text, "\"n\"") ? 3 : -1), "its cost");
		body_free(&body);
	}
	struct client client = sized(PART("model", "a") PART("model", "b"));
	struct body body = {0};
	struct refusal refusal = {0};
	ok(feed_to(ROUTE_TRANSCRIPTIONS, &body, &client, 1000, &refusal) == BODY_REFUSED && refusal.status == 400,
	   "two models are refused: %s", refusal.message);
	body_free(&body);
}

/* A route's own bound, below the configured one. */
static void test_route_bound(void)
{
	static const struct conf_edge wide = {.body_max = 1 << 20, .body_total = 1 << 20};
	struct client client = {.head = {.has_content_length = true, .content_length = 64 * 1024 + 1}};
	struct body body = {0};
	struct refusal refusal = {0};
	body_init(&wide);
	ok(feed_to(ROUTE_API_SHOW, &body, &client, 1, &refusal) == BODY_REFUSED && refusal.status == 413, "over its bound");
	body = (struct body){0};
	ok(feed_to(ROUTE_CHAT, &body, &client, 1, &refusal) == BODY_MORE, "which another has not");
}

int main(void)
{
	static const struct conf_edge conf = {.body_max = BODY_MAX, .body_total = BODY_TOTAL, .completion_estimate = 1024};
	body_init(&conf);
	test_kept();
	test_refused();
	test_models();
	test_early();
	test_bounds();
	test_dropped();
	test_spellings();
	test_streaming();
	test_either();
	test_forms();
	test_route_bound();
	return tap_done();
}
