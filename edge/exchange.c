#include "exchange.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "admit.h"
#include "conn.h"
#include "ready.h"
#include "record.h"

enum {
	SLOT_BITS = 16,
	SLOT_MASK = (1 << SLOT_BITS) - 1,
	STATUS_GONE = 499 /* for the log: the client left before it had an answer */
};

static const struct conf_edge *conf;

/* The low bits of an id are its place here; the rest counts from a random start, so that what another run of
 * edge has left behind in the other daemons is not taken for ours. */
static struct exchange **slots;
static uint16_t *vacant;
static size_t vacant_count;
static uint64_t serial;

void exchange_init(const struct conf_edge *edge_conf)
{
	conf = edge_conf;
	vacant_count = (size_t)conf->connections;
	slots = calloc(vacant_count, sizeof(struct exchange *));
	vacant = calloc(vacant_count, sizeof(*vacant));
	if (!slots || !vacant)
		fatal("no memory for %zu connections", vacant_count);
	for (size_t i = 0; i < vacant_count; i++)
		vacant[i] = (uint16_t)i;
	randombytes_buf(&serial, sizeof(serial));
}

static void give_id(struct exchange *exchange)
{
	uint16_t slot = vacant[--vacant_count];
	CHECK(slots[slot] == NULL);
	slots[slot] = exchange;
	exchange->id = ++serial << SLOT_BITS | slot;
}

static void give_up_id(const struct exchange *exchange)
{
	uint16_t slot = exchange->id & SLOT_MASK;
	slots[slot] = NULL;
	vacant[vacant_count++] = slot;
}

struct exchange *exchange_find(uint64_t id, enum exchange_state state)
{
	size_t slot = id & SLOT_MASK;
	struct exchange *exchange = slot < (size_t)conf->connections ? slots[slot] : NULL;
	return exchange && exchange->id == id && exchange->state == state ? exchange : NULL;
}

/* Asking the kernel for each id alone would be a quarter of a request's system calls. */
static void make_request_id(uint8_t *id)
{
	static uint8_t pool[64 * REQUEST_ID_SIZE];
	static size_t used = sizeof(pool);
	if (used == sizeof(pool)) {
		randombytes_buf(pool, sizeof(pool));
		used = 0;
	}
	memcpy(id, pool + used, REQUEST_ID_SIZE);
	used += REQUEST_ID_SIZE;
}

struct exchange *exchange_new(struct conn *conn)
{
	size_t headers = (size_t)conf->header_count;
	struct exchange *exchange = malloc(sizeof(*exchange) + headers * sizeof(*exchange->headers));
	if (!exchange)
		return NULL;
	memset(exchange, 0, sizeof(*exchange));
	exchange->conn = conn;
	exchange->began = loop_micros();
	give_id(exchange);
	make_request_id(exchange->request_id);
	http_parse_start(&exchange->head, exchange->headers, headers, (size_t)conf->header_max);
	exchange_wait(exchange, EXCHANGE_HEAD, conf->header_timeout);
	return exchange;
}

void exchange_wait(struct exchange *exchange, enum exchange_state state, int64_t deadline_ms)
{
	exchange->state = state;
	conn_deadline(exchange->conn, deadline_ms);
}

size_t exchange_feed(struct exchange *exchange, char *bytes, size_t length)
{
	if (exchange->state == EXCHANGE_HEAD)
		return request_head(exchange, bytes, length);
	if (exchange->state == EXCHANGE_BODY)
		return request_body(exchange, bytes, length);
	return 0;
}

void exchange_sent(struct exchange *exchange)
{
	if (exchange->state == EXCHANGE_FORWARD)
		forward_sent(exchange);
}

static void refuse_slow_client(struct exchange *exchange, const char *reason)
{
	struct refusal refusal;
	refusal_timeout(&refusal, reason);
	exchange_refuse(exchange, &refusal);
}

static void refuse_overloaded(struct exchange *exchange, const char *reason)
{
	struct refusal refusal;
	refusal_overloaded(&refusal, reason);
	exchange_refuse(exchange, &refusal);
}

void exchange_expired(struct exchange *exchange)
{
	switch (exchange->state) {
	case EXCHANGE_HEAD:
		refuse_slow_client(exchange, "its head did not arrive in time");
		break;
	case EXCHANGE_BODY:
		refuse_slow_client(exchange, "its body did not arrive in time");
		break;
	case EXCHANGE_AUTH:
		refuse_overloaded(exchange, "the API key was not checked in time");
		break;
	case EXCHANGE_LIMIT:
		refuse_overloaded(exchange, "limits were not checked in time");
		break;
	case EXCHANGE_READY:
		ready_expired(exchange);
		break;
	case EXCHANGE_FORWARD:
	case EXCHANGE_DONE:
		break;
	}
}

void exchange_fail(struct exchange *exchange)
{
	if (exchange->state == EXCHANGE_FORWARD)
		forward_lost(exchange);
	else
		refuse_overloaded(exchange, "a part of it does not answer");
}

void exchange_fail_all(enum exchange_state state)
{
	for (size_t i = 0; i < (size_t)conf->connections; i++)
		if (slots[i] && slots[i]->state == state)
			exchange_fail(slots[i]);
}

/* Whatever else was asked of other daemons is worth nothing any more. */
static void withdraw(struct exchange *exchange)
{
	admit_withdraw(exchange);
	forward_cancel(exchange);
	ready_free(exchange);
	body_free(&exchange->body);
}

struct reply exchange_reply(const struct exchange *exchange)
{
	struct reply reply = {
		.content_type = "",
		.headers = "",
		.close = !exchange_keeps_alive(exchange),
		.dialect = exchange->dialect,
		.processing_ms = (loop_micros() - exchange->began) / 1000,
		.wall_ms = loop_wall(),
		.requests = exchange->requests,
		.tokens = exchange->tokens,
	};
	memcpy(reply.request_id, exchange->request_id, sizeof(reply.request_id));
	return reply;
}

void exchange_refuse(struct exchange *exchange, const struct refusal *refusal)
{
	char text[REPLY_MAX];
	struct reply reply = exchange_reply(exchange);
	size_t length = reply_refusal(&reply, refusal, exchange->head_only, text, sizeof(text));
	conn_put(exchange->conn, text, length);
	exchange->status = refusal->status;
	snprintf(exchange->code, sizeof(exchange->code), "%s", refusal_word(refusal));
	record_refusal(exchange, refusal);
	withdraw(exchange);
	exchange_wait(exchange, EXCHANGE_DONE, 0);
}

void exchange_answer(struct exchange *exchange, uint16_t status, const char *content_type, const char *body)
{
	char text[REPLY_HEAD_MAX];
	struct reply reply = exchange_reply(exchange);
	reply.status = exchange->status = status;
	reply.content_type = content_type;
	reply.length = strlen(body);
	conn_put(exchange->conn, text, reply_head(&reply, text, sizeof(text)));
	if (!exchange->head_only)
		conn_put(exchange->conn, body, reply.length);
	withdraw(exchange);
	exchange_wait(exchange, EXCHANGE_DONE, 0);
}

bool exchange_is_done(const struct exchange *exchange)
{
	return exchange->state == EXCHANGE_DONE;
}

/* Bytes of a body that nobody wants would be taken for the next request. */
bool exchange_keeps_alive(const struct exchange *exchange)
{
	return exchange->keep_alive && exchange->body.complete;
}

static uint64_t elapsed(uint64_t from, uint64_t to)
{
	return from > 0 && to > from ? to - from : 0;
}

static void write_log_line(const struct exchange *exchange, const char *how)
{
	uint64_t now = loop_micros();
	log_info("request",
	         "id=%s client=%s route=%s status=%u code=%s key=%s model=%s end=%s auth_us=%" PRIu64 " limit_us=%" PRIu64
	         " proxy_us=%" PRIu64 " upstream_us=%" PRIu32 " total_us=%" PRIu64,
	         log_request(exchange->request_id), conn_client(exchange->conn),
	         exchange->route ? exchange->route->path : "-", exchange->status ? exchange->status : STATUS_GONE,
	         *exchange->code ? log_text(exchange->code) : "", exchange->key_id, log_text(exchange->model), how,
	         elapsed(exchange->asked, exchange->granted), elapsed(exchange->wanted, exchange->leased),
	         elapsed(exchange->leased, now), exchange->upstream_us, elapsed(exchange->began, now));
}

void exchange_end(struct exchange *exchange, const char *how)
{
	withdraw(exchange);
	write_log_line(exchange, how);
	give_up_id(exchange);
	free(exchange->passed);
	free(exchange);
}
