#include "request.h"

#include <sodium.h>
#include <string.h>

#include "admit.h"
#include "conn.h"
#include "exchange.h"
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

enum request_media request_media(const struct http_head *head, const char *bytes)
{
	const struct http_header *header = NULL;
	while ((header = http_header_find(head, bytes, "content-encoding", header)) != NULL)
		if (!http_span_is(header->value, bytes, "identity"))
			return MEDIA_ENCODED;
	while ((header = http_header_find(head, bytes, "content-type", header)) != NULL)
		if (!is_json_type(header->value, bytes))
			return MEDIA_OTHER;
	return MEDIA_JSON;
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
		refusal_method(&refusal, method, target, match->route->allow);
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

/* What is asked is known now, and who asks, if that matters. */
static void serve(struct exchange *exchange)
{
	exchange->read = true;
	switch (exchange->route->serve) {
	case SERVE_ROOT:
		exchange_answer(exchange, 200, "text/plain; charset=utf-8", "heimgate is running\n");
		break;
	case SERVE_HEALTH:
		exchange_answer(exchange, 200, "application/json", "{\"status\":\"ok\"}\n");
		break;
	case SERVE_READY:
		ready_ask(exchange);
		break;
	case SERVE_FORWARD:
		admit_take(exchange);
		break;
	}
}

static void judge_head(struct exchange *exchange, const char *bytes)
{
	const struct http_head *head = &exchange->head;
	struct route_match match;
	enum route_result result = route_find(head, bytes, &match);
	exchange->head_only = head->method == HTTP_HEAD;
	exchange->keep_alive = head->keep_alive;
	exchange->body.complete = !head->chunked && head->content_length == 0;
	exchange->media = request_media(head, bytes);
	exchange->route = match.route;
	memcpy(exchange->model, match.model, sizeof(exchange->model));
	if (result != ROUTE_FOUND)
		refuse_target(exchange, result, &match, bytes);
	else if (match.route->serve == SERVE_FORWARD)
		find_caller(exchange, bytes);
	else
		serve(exchange);
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

static void take_body(struct exchange *exchange, enum body_result result, struct refusal *refusal)
{
	bool is_json = exchange->route->body == ROUTE_BODY_JSON;
	if (result == BODY_MORE)
		exchange_wait(exchange, EXCHANGE_BODY, conf->body_timeout);
	else if (result == BODY_REFUSED || (is_json && !body_model(&exchange->body, exchange->model, refusal)))
		exchange_refuse(exchange, refusal);
	else
		serve(exchange);
}

static bool media_suits(const struct exchange *exchange, struct refusal *refusal)
{
	if (exchange->route->body == ROUTE_BODY_NONE || exchange->media == MEDIA_JSON)
		return true;
	if (exchange->media == MEDIA_ENCODED)
		refusal_encoding(refusal);
	else
		refusal_media_type(refusal);
	return false;
}

void request_admitted(struct exchange *exchange)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct refusal refusal;
	if (!media_suits(exchange, &refusal)) {
		exchange_refuse(exchange, &refusal);
		return;
	}
	bool is_json = exchange->route->body == ROUTE_BODY_JSON;
	enum body_result result = body_start(&exchange->body, &exchange->head, is_json, &refusal);
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
