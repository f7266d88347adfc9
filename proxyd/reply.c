#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_SOON "retry-after: 1\r\n"

void reply_start(struct reply *reply, struct ipc_link *edge, uint64_t id, const struct lease *lease)
{
	const struct wire_route_info *route = wire_route_info(lease->route);
	*reply = (struct reply){
		.edge = edge,
		.client = {route->dialect, route->shape, lease->request_id},
		.id = id,
		.credit = WIRE_STREAM_WINDOW,
	};
}

void reply_free(struct reply *reply)
{
	free(reply->waiting);
	reply->waiting = NULL;
}

bool reply_is_full(const struct reply *reply)
{
	return reply->waiting_end > reply->waiting_start;
}

void reply_drop(struct reply *reply)
{
	reply->waiting_start = reply->waiting_end = 0;
}

void reply_head(struct reply *reply, const struct stream_head *head)
{
	struct wire_out *out = ipc_begin(reply->edge, MSG_STREAM_HEAD, 0, reply->id);
	reply->status = head->status;
	if (!out) {
		reply->broken = true;
		return;
	}
	stream_head_encode(out, head);
	if (ipc_end(reply->edge) < 0)
		reply->broken = true;
}

/* Sends one frame of what edge takes now; returns its length, 0 when nothing can go. */
static size_t send_some(struct reply *reply, const char *bytes, size_t length)
{
	if (length > WIRE_CHUNK_MAX)
		length = WIRE_CHUNK_MAX;
	if (length > reply->credit)
		length = (size_t)reply->credit;
	struct wire_out *out = length > 0 ? ipc_begin(reply->edge, MSG_STREAM_DATA, 0, reply->id) : NULL;
	if (!out)
		return 0;
	wire_put_fixed(out, bytes, length);
	if (ipc_end(reply->edge) < 0)
		return 0;
	reply->credit -= length;
	return length;
}

static void wait_with(struct reply *reply, const char *bytes, size_t length)
{
	if (reply->waiting_end + length > reply->waiting_room) {
		size_t room = reply->waiting_end + length;
		char *waiting = realloc(reply->waiting, room);
		if (!waiting) {
			reply->broken = true;
			return;
		}
		reply->waiting = waiting;
		reply->waiting_room = room;
	}
	memcpy(reply->waiting + reply->waiting_end, bytes, length);
	reply->waiting_end += length;
}

void reply_data(struct reply *reply, const char *bytes, size_t length)
{
	reply->bytes += length;
	if (!reply_is_full(reply)) {
		for (size_t sent; (sent = send_some(reply, bytes, length)) > 0; length -= sent)
			bytes += sent;
	}
	if (length > 0)
		wait_with(reply, bytes, length);
}

void reply_body(struct reply *reply, int status, const char *headers, const char *body, size_t length)
{
	struct stream_head head;
	head.status = (uint16_t)status;
	head.streaming = false;
	head.length_known = true;
	head.length = length;
	snprintf(head.content_type, sizeof(head.content_type), "application/json");
	snprintf(head.headers, sizeof(head.headers), "%s", headers);
	reply_head(reply, &head);
	reply_data(reply, body, length);
}

void reply_error(struct reply *reply, const struct api_error *error)
{
	char text[API_ERROR_MAX];
	size_t length = api_error_json(&reply->client, error, text, sizeof(text));
	reply_body(reply, error->status, error->status == 503 ? RETRY_SOON : "", text, length);
}

static void send_trailer(struct reply *reply)
{
	struct wire_out *out = ipc_begin(reply->edge, MSG_STREAM_TRAILER, 0, reply->id);
	if (!out)
		return;
	stream_trailer_encode(out, &reply->trailer);
	reply->told = ipc_end(reply->edge) == 0;
}

void reply_push(struct reply *reply)
{
	size_t sent;
	while ((sent = send_some(reply, reply->waiting + reply->waiting_start, reply->waiting_end - reply->waiting_start)) >
	       0)
		reply->waiting_start += sent;
	if (!reply_is_full(reply)) {
		reply_drop(reply);
		if (reply->over && !reply->told)
			send_trailer(reply);
	}
}

void reply_trailer(struct reply *reply, const struct stream_trailer *trailer)
{
	reply->trailer = *trailer;
	reply->over = true;
	reply_push(reply);
}

void reply_credit(struct reply *reply, uint32_t bytes)
{
	reply->credit += bytes;
	if (reply->credit > WIRE_STREAM_WINDOW)
		reply->credit = WIRE_STREAM_WINDOW;
	reply_push(reply);
}
