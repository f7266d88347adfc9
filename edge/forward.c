#include "forward.h"

#include <stdio.h>
#include <string.h>

#include "conn.h"
#include "exchange.h"
#include "links.h"

enum { CREDIT_STEP = 16 * 1024 }; /* bytes; what is owed below it leaves proxyd three quarters of the window */

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static struct wire_bytes next_piece(const struct exchange *exchange, size_t max)
{
	const struct buffer *body = &exchange->body.kept;
	size_t sent = exchange->forward.sent;
	return (struct wire_bytes){(const uint8_t *)buffer_bytes(body) + sent, smaller(buffer_length(body) - sent, max)};
}

static void piece_sent(struct exchange *exchange, struct wire_bytes piece)
{
	exchange->forward.sent += piece.length;
	exchange->forward.credit -= piece.length;
}

static uint8_t flags_after(const struct exchange *exchange, struct wire_bytes piece)
{
	return exchange->forward.sent + piece.length == buffer_length(&exchange->body.kept) ? WIRE_FLAG_END : 0;
}

static bool send_piece(struct exchange *exchange)
{
	struct wire_bytes piece = next_piece(exchange, smaller(exchange->forward.credit, WIRE_CHUNK_MAX));
	struct ipc_link *proxyd = links_to(HOP_PROXYD);
	struct wire_out *out = ipc_begin(proxyd, MSG_STREAM_BODY, flags_after(exchange, piece), exchange->id);
	if (!out)
		return false;
	wire_put_fixed(out, piece.data, piece.length);
	piece_sent(exchange, piece);
	return ipc_end(proxyd) == 0;
}

/* Sends as much of the body as there is credit for; what has gone whole is not kept. */
static void send_body(struct exchange *exchange)
{
	struct forward *forward = &exchange->forward;
	while (forward->sent < buffer_length(&exchange->body.kept) && forward->credit > 0) {
		if (!send_piece(exchange)) {
			forward_lost(exchange);
			return;
		}
	}
	if (forward->sent == buffer_length(&exchange->body.kept))
		body_free(&exchange->body);
}

static bool send_open(struct exchange *exchange, struct wire_bytes lease)
{
	struct ipc_link *proxyd = links_to(HOP_PROXYD);
	struct stream_open open = {.lease = lease, .body_length = buffer_length(&exchange->body.kept)};
	open.body = next_piece(exchange, WIRE_CHUNK_MAX);
	struct wire_out *out = ipc_begin(proxyd, MSG_STREAM_OPEN, flags_after(exchange, open.body), exchange->id);
	if (!out)
		return false;
	snprintf(open.client, sizeof(open.client), "%s", conn_client(exchange->conn));
	if (exchange->passed)
		open.passed = (struct wire_bytes){(const uint8_t *)exchange->passed, strlen(exchange->passed)};
	stream_open_encode(out, &open);
	piece_sent(exchange, open.body);
	return ipc_end(proxyd) == 0;
}

void forward_open(struct exchange *exchange, struct wire_bytes lease)
{
	struct refusal refusal;
	exchange->forward.credit = WIRE_STREAM_WINDOW;
	if (!send_open(exchange, lease)) {
		refusal_overloaded(&refusal, "no model server can be reached now");
		exchange_refuse(exchange, &refusal);
		return;
	}
	exchange->taken = false;
	exchange->forward.open = true;
	exchange_wait(exchange, EXCHANGE_FORWARD, 0);
	send_body(exchange);
}

void forward_refused(struct exchange *exchange)
{
	struct refusal refusal;
	if (exchange->forward.answering) {
		forward_lost(exchange);
		return;
	}
	exchange->forward.open = false;
	exchange->taken = true;
	refusal_overloaded(&refusal, "no more requests can be taken now");
	exchange_refuse(exchange, &refusal);
}

static enum wire_error violated(struct exchange *exchange)
{
	forward_lost(exchange);
	return WIRE_BAD_VALUE;
}

void forward_credit(struct exchange *exchange, const struct stream_credit *credit)
{
	struct forward *forward = &exchange->forward;
	forward->credit += smaller(credit->bytes, WIRE_STREAM_WINDOW - forward->credit);
	send_body(exchange);
}

enum wire_error forward_head(struct exchange *exchange, const struct stream_head *head)
{
	char text[REPLY_HEAD_MAX];
	struct forward *forward = &exchange->forward;
	struct reply reply = exchange_reply(exchange);
	if (forward->answering)
		return violated(exchange);
	forward->answering = true;
	forward->is_stream = head->streaming;
	forward->is_chunked = !head->length_known && !reply_is_bodiless(head->status);
	forward->promised = reply_is_bodiless(head->status) ? 0 : head->length;
	reply.status = exchange->status = head->status;
	reply.content_type = head->content_type;
	reply.headers = head->headers;
	reply.streaming = head->streaming;
	reply.chunked = forward->is_chunked;
	reply.length = forward->promised;
	conn_put(exchange->conn, text, reply_head(&reply, text, sizeof(text)));
	return WIRE_OK;
}

/* RFC 9112 section 7.1. */
static void put_chunk(struct conn *conn, const char *bytes, size_t length)
{
	char size[24];
	conn_put(conn, size, (size_t)snprintf(size, sizeof(size), "%zx\r\n", length));
	conn_put(conn, bytes, length);
	conn_put(conn, "\r\n", 2);
}

static void put_data(struct exchange *exchange, struct wire_bytes data)
{
	exchange->forward.in_line = data.data[data.length - 1] != '\n';
	if (exchange->forward.is_chunked)
		put_chunk(exchange->conn, (const char *)data.data, data.length);
	else
		conn_put(exchange->conn, (const char *)data.data, data.length);
}

enum wire_error forward_data(struct exchange *exchange, struct wire_bytes data)
{
	struct forward *forward = &exchange->forward;
	bool too_fast = data.length > WIRE_STREAM_WINDOW - forward->owed;
	bool too_much = !forward->is_chunked && data.length > forward->promised - forward->received;
	if (!forward->answering || too_fast || too_much)
		return violated(exchange);
	forward->received += data.length;
	forward->owed += data.length;
	if (exchange->head_only)
		forward_sent(exchange);
	else if (data.length > 0)
		put_data(exchange, data);
	return WIRE_OK;
}

/* What stands in the output buffer is not taken yet; that headers and chunk sizes stand there too only makes
 * the credit come later. */
void forward_sent(struct exchange *exchange)
{
	struct forward *forward = &exchange->forward;
	size_t unsent = conn_unsent(exchange->conn);
	size_t taken = forward->owed > unsent ? forward->owed - unsent : 0;
	if (!forward->open || taken < CREDIT_STEP)
		return;
	struct stream_credit credit = {.bytes = (uint32_t)taken};
	struct ipc_link *proxyd = links_to(HOP_PROXYD);
	struct wire_out *out = ipc_begin(proxyd, MSG_STREAM_CREDIT, 0, exchange->id);
	if (!out)
		return;
	stream_credit_encode(out, &credit);
	if (ipc_end(proxyd) == 0)
		forward->owed -= taken;
}

static void finish(struct exchange *exchange)
{
	if (exchange->forward.is_chunked && !exchange->head_only)
		conn_put(exchange->conn, "0\r\n\r\n", 5);
	exchange_wait(exchange, EXCHANGE_DONE, 0);
	conn_settle(exchange->conn);
}

static void cut(struct exchange *exchange)
{
	exchange_wait(exchange, EXCHANGE_DONE, 0);
	conn_cut(exchange->conn);
}

/* What ends an event, or a line, that may be under way.  Between events empty lines mean nothing; an empty line is
 * no JSON. */
static const char *break_off(const struct exchange *exchange)
{
	if (exchange->route->shape != SHAPE_LINES)
		return "\n\n";
	return exchange->forward.in_line ? "\n" : "";
}

static void finish_with_error(struct exchange *exchange, const struct refusal *refusal)
{
	char text[2 + API_ERROR_MAX];
	const struct api_client client = {exchange->dialect, exchange->route->shape, exchange->request_id};
	const struct api_error error = {
		.status = refusal->status,
		.type = refusal->type,
		.code = refusal->code,
		.message = refusal->message,
	};
	size_t length = (size_t)(stpcpy(text, break_off(exchange)) - text);
	length += api_error_event(&client, &error, 0, text + length, API_ERROR_MAX);
	put_chunk(exchange->conn, text, length);
	finish(exchange);
}

static void end_badly(struct exchange *exchange, const struct refusal *refusal)
{
	struct forward *forward = &exchange->forward;
	if (!forward->answering) {
		exchange_refuse(exchange, refusal);
		return;
	}
	snprintf(exchange->code, sizeof(exchange->code), "%s", refusal_word(refusal));
	if (forward->is_stream && forward->is_chunked && !exchange->head_only)
		finish_with_error(exchange, refusal);
	else
		cut(exchange);
}

void forward_lost(struct exchange *exchange)
{
	struct refusal refusal;
	forward_cancel(exchange);
	refusal_overloaded(&refusal, "the answer was lost on its way from the model server");
	end_badly(exchange, &refusal);
}

static bool is_whole(const struct forward *forward, enum stream_end end)
{
	if (!forward->answering || end == STREAM_ABORTED)
		return false;
	if (!forward->is_chunked)
		return forward->received == forward->promised;
	return end == STREAM_COMPLETE || forward->is_stream;
}

void forward_trailer(struct exchange *exchange, const struct stream_trailer *trailer)
{
	struct refusal refusal;
	exchange->forward.open = false;
	exchange->upstream_us = trailer->upstream_us;
	memcpy(exchange->code, trailer->code, sizeof(exchange->code));
	if (is_whole(&exchange->forward, trailer->end)) {
		finish(exchange);
		return;
	}
	refusal_lost(&refusal);
	end_badly(exchange, &refusal);
}

void forward_cancel(struct exchange *exchange)
{
	if (exchange->forward.open)
		ipc_send_empty(links_to(HOP_PROXYD), MSG_STREAM_CANCEL, exchange->id);
	exchange->forward.open = false;
}
