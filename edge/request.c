#include "request.h"

#include <sodium.h>
#include <string.h>

#include "admit.h"
#include "conn.h"
#include "exchange.h"
#include "passed.h"
#include "ready.h"

static const struct conf_edge *conf;

void request_init(const struct conf_edge *edge_conf)
{
	conf = edge_conf;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static bool is_json_type(struct http_span value, const char *bytes)
{
	struct http_span type = value;
	const char *parameters = memchr(bytes + value.start, ';', value.length);
	if (parameters)
		type.length = (uint16_t)(parameters - (bytes + value.start));
	while (type.length > 0 && is_blank(bytes[type.start + type.length - 1]))
		type.length--;
	return http_span_is(type, bytes, "application/json");
}

/* What is absent is taken for JSON, as it is. */
static enum request_media json_media(const struct http_head *head, const char *bytes)
{
	const struct http_header *header = NULL;
	while ((header = http_header_find(head, bytes, "content-type", header)) != NULL)
		if (!is_json_type(header->value, bytes))
			return MEDIA_OTHER;
	return MEDIA_SUITS;
}

static enum request_media form_media(const struct http_head *head, const char *bytes, char *boundary)
{
	const struct http_header *header = http_header_find(head, bytes, "content-type", NULL);
	if (!header || http_header_find(head, bytes, "content-type", header) != NULL)
		return MEDIA_OTHER;
	return form_boundary(bytes + header->value.start, header->value.length, boundary) ? MEDIA_SUITS : MEDIA_OTHER;
}

static bool is_encoded(const struct http_head *head, const char *bytes)
{
	const struct http_header *header = NULL;
	while ((header = http_header_find(head, bytes, "content-encoding", header)) != NULL)
		if (!http_span_is(header->value, bytes, "identity"))
			return true;
	return false;
}

static enum request_media judge_media(struct exchange *exchange, const char *bytes)
{
	char boundary[FORM_BOUNDARY_MAX + 1] = "";
	enum request_media media = MEDIA_SUITS;
	if (exchange->route->takes != TAKES_NONE && is_encoded(&exchange->head, bytes))
		return MEDIA_ENCODED;
	if (exchange->route->takes == TAKES_JSON)
		media = json_media(&exchange->head, bytes);
	else if (exchange->route->takes == TAKES_FORM)
		media = form_media(&exchange->head, bytes, boundary);
	if (media == MEDIA_SUITS)
		body_expect(&exchange->body, exchange->route, boundary);
	return media;
}

static struct refusal_text text_of(struct http_span span, const char *bytes)
{
	return (struct refusal_text){bytes + span.start, span.length};
}

static void refuse_target(struct exchange *exchange, enum route_result why, const struct route_match *match,
                          const char *bytes)
{
	struct refusal refusal;
	struct refusal_text method = text_of(exchange->head.method_text, bytes);
	struct refusal_text target = text_of(exchange->head.target, bytes);
	if (why == ROUTE_NOT_FOUND)
		refusal_path(&refusal, method, target);
	else if (why == ROUTE_WRONG_METHOD)
		refusal_method(&refusal, method, target, match->allow);
	else
		refusal_bad_request(&refusal, match->reason);
	exchange_refuse(exchange, &refusal);
}

static void find_caller(struct exchange *exchange, const char *bytes)
{
	struct refusal refusal;
	switch (credential_find(&exchange->head, bytes, &exchange->credential)) {
	case CREDENTIAL_FOUND:
		admit_identify(exchange);
		return;
	case CREDENTIAL_NONE:
		refusal_no_key(&refusal);
		break;
	case CREDENTIAL_REFUSED:
		refusal_bad_request(&refusal, exchange->credential.reason);
		break;
	}
	exchange_refuse(exchange, &refusal);
}

/* Keeps what later steps need of a head that is about to be wiped. */
static void begin_forwarded(struct exchange *exchange, const char *bytes)
{
	struct refusal refusal;
	exchange->media = judge_media(exchange, bytes);
	if (passed_collect(exchange->route, &exchange->head, bytes, &exchange->passed)) {
		find_caller(exchange, bytes);
		return;
	}
	refusal_bad_request(&refusal, "its headers for the model server are too long or not ASCII");
	exchange_refuse(exchange, &refusal);
}

/* What edge answers by itself. */
static void answer(struct exchange *exchange)
{
	if (exchange->route->route == ROUTE_READY)
		ready_ask(exchange);
	else if (exchange->route->route == ROUTE_ROOT)
		exchange_answer(exchange, 200, "text/plain; charset=utf-8", "Ollama is running");
	else
		exchange_answer(exchange, 200, "application/json", "{\"status\":\"ok\"}\n");
}

static void judge_head(struct exchange *exchange, const char *bytes)
{
	const struct http_head *head = &exchange->head;
	struct route_match match;
	enum route_result result = route_find(head, bytes, &match);
	exchange->head_only = head->method == HTTP_HEAD;
	exchange->keep_alive = head->keep_alive;
	exchange->body.complete = !head->chunked && head->content_length == 0;
	exchange->route = match.route;
	exchange->dialect = match.dialect;
	memcpy(exchange->model, match.model, sizeof(exchange->model));
	if (result != ROUTE_FOUND)
		refuse_target(exchange, result, &match, bytes);
	else if (match.route->serve == SERVE_EDGE)
		answer(exchange);
	else
		begin_forwarded(exchange, bytes);
}

static void refuse_head(struct exchange *exchange)
{
	struct refusal refusal;
	refusal_http(&refusal, &exchange->head.refusal);
	exchange_refuse(exchange, &refusal);
}

size_t request_head(struct exchange *exchange, char *bytes, size_t length)
{
	enum http_result result = http_parse(&exchange->head, bytes, length);
	if (result == HTTP_MORE)
		return 0;
	if (result == HTTP_DONE) {
		length = exchange->head.length;
		judge_head(exchange, bytes);
	} else {
		refuse_head(exchange);
	}
	sodium_memzero(bytes, length);
	return length;
}

static void all_read(struct exchange *exchange)
{
	exchange->read = true;
	admit_take(exchange);
}

static void take_body(struct exchange *exchange, enum body_result result, struct refusal *refusal)
{
	if (result == BODY_MORE)
		exchange_wait(exchange, EXCHANGE_BODY, conf->body_timeout);
	else if (result == BODY_REFUSED || !body_model(&exchange->body, exchange->model, refusal))
		exchange_refuse(exchange, refusal);
	else
		all_read(exchange);
}

/* What can be said of a body before any of it is read. */
static bool media_suits(const struct exchange *exchange, struct refusal *refusal)
{
	static const char *const wanted[] = {
		[TAKES_NONE] = "", [TAKES_JSON] = "application/json", [TAKES_FORM] = "multipart/form-data with a boundary"};
	if (exchange->media == MEDIA_ENCODED)
		refusal_encoding(refusal);
	else if (exchange->media == MEDIA_OTHER)
		refusal_media_type(refusal, wanted[exchange->route->takes]);
	return exchange->media == MEDIA_SUITS;
}

void request_admitted(struct exchange *exchange)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct refusal refusal;
	if (exchange->route->serve == SERVE_NOBODY) {
		refusal_nobody(&refusal);
		exchange_refuse(exchange, &refusal);
		return;
	}
	if (!media_suits(exchange, &refusal)) {
		exchange_refuse(exchange, &refusal);
		return;
	}
	enum body_result result = body_start(&exchange->body, &exchange->head, exchange->key_id, &refusal);
	if (result == BODY_MORE && exchange->head.expect_continue)
		conn_put(exchange->conn, go_on, strlen(go_on));
	take_body(exchange, result, &refusal);
	conn_settle(exchange->conn);
}

size_t request_body(struct exchange *exchange, const char *bytes, size_t length)
{
	struct refusal refusal;
	size_t used;
	enum body_result result = body_feed(&exchange->body, bytes, length, &used, &refusal);
	take_body(exchange, result, &refusal);
	return used;
}
