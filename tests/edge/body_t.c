/* Bodies are judged and kept while they arrive, in any pieces. */
#include "../../edge/body.h"

#include <stdio.h>
#include <string.h>

#include "../tap/tap.h"

enum { BODY_MAX = 200, BODY_TOTAL = 300 };

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

static enum body_result feed(struct body *body, const struct client *client, size_t step, struct refusal *refusal)
{
	enum body_result result = body_start(body, &client->head, true, refusal);
	for (size_t at = 0; at < client->length && result == BODY_MORE;) {
		size_t used, rest = client->length - at;
		result = body_feed(body, client->bytes + at, rest < step ? rest : step, &used, refusal);
		at += used;
	}
	return result;
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
			struct estimate estimate = body_estimate(&body, ROUTE_CHAT);
			ok(estimate.max_tokens == 7 && estimate.max_completion_tokens == 9 && estimate.choices == 2 &&
			       estimate.body_length == strlen(text),
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
	ok(feed(&second, &most, 50, &refusal) == BODY_REFUSED && refusal.status == 503, "all together are bounded too");
	body_free(&second);
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
	ok(body_start(&body, &client.head, false, &refusal) == BODY_MORE, "a body nobody asked for is read");
	ok(body_feed(&body, client.bytes, client.length, &used, &refusal) == BODY_DONE && used == client.length, "whole");
	is_int((long long)buffer_length(&body.kept), 0, "and dropped");
	body_free(&body);
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
	return tap_done();
}
