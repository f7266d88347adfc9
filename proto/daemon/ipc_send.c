/* The way out of a link: frames gather in a queue and leave together, one nng message at a time. */
#include <stdlib.h>
#include <string.h>

#include "ipc_private.h"
#include "log.h"

enum { QUEUE_KEEP = 256 * 1024 }; /* bytes of queue kept when idle */

/* Length of the whole frames at the front of the queue that fit one message. */
static size_t whole_frames(const struct ipc_link *link)
{
	struct wire_in in;
	struct wire_frame frame;
	size_t length = 0;
	if (link->queue_length <= WIRE_MESSAGE_MAX)
		return link->queue_length;
	wire_in_init(&in, link->queue, link->queue_length);
	while (wire_next_frame(&in, &frame) == WIRE_OK && in.offset <= WIRE_MESSAGE_MAX)
		length = in.offset;
	return length;
}

static void queue_drop(struct ipc_link *link, size_t length)
{
	link->queue_length -= length;
	memmove(link->queue, link->queue + length, link->queue_length);
	if (link->queue_length == 0 && link->queue_size > QUEUE_KEEP) {
		free(link->queue);
		link->queue = NULL;
		link->queue_size = 0;
	}
}

void ipc_flush(struct ipc_link *link)
{
	nng_msg *message;
	pthread_mutex_lock(&ipc_lock);
	bool busy = link->shared.sending;
	link->shared.wants_to_send = busy;
	link->shared.sending = true;
	pthread_mutex_unlock(&ipc_lock);
	if (busy)
		return;
	size_t length = whole_frames(link);
	CHECK(nng_msg_alloc(&message, 0) == 0 && nng_msg_append(message, link->queue, length) == 0);
	queue_drop(link, length);
	nng_aio_set_msg(link->transmit, message);
	nng_send_aio(link->socket, link->transmit);
}

/* Room for a frame of the type behind what is queued; false when the peer is too far behind. */
static bool queue_reserve(struct ipc_link *link, size_t more)
{
	size_t wanted = link->queue_length + more;
	if (wanted > IPC_BACKLOG_MAX)
		return false;
	if (wanted <= link->queue_size)
		return true;
	size_t size = link->queue_size ? link->queue_size : 4096;
	while (size < wanted)
		size *= 2;
	uint8_t *queue = realloc(link->queue, size);
	if (!queue)
		return false;
	link->queue = queue;
	link->queue_size = size;
	return true;
}

struct wire_out *ipc_begin(struct ipc_link *link, enum wire_type type, uint8_t flags, uint64_t id)
{
	size_t room = WIRE_HEADER_SIZE + wire_body_max(type);
	if (link->pipe == 0 || !queue_reserve(link, room))
		return NULL;
	wire_out_init(&link->frame, link->queue + link->queue_length, room);
	wire_put_header(&link->frame, type, flags, id, 0);
	return &link->frame;
}

int ipc_end(struct ipc_link *link)
{
	struct wire_out length;
	struct wire_out *frame = &link->frame;
	if (frame->error != WIRE_OK) {
		log_error("frame-not-encoded", "link=%s reason=%s", wire_link_info(link->which)->name,
		          log_text(wire_error_text(frame->error)));
		return -1;
	}
	wire_out_init(&length, frame->data + 4, 4);
	wire_put_u32(&length, (uint32_t)(frame->length - WIRE_HEADER_SIZE));
	link->queue_length += frame->length;
	return 0;
}

int ipc_send_empty(struct ipc_link *link, enum wire_type type, uint64_t id)
{
	return ipc_begin(link, type, 0, id) ? ipc_end(link) : -1;
}
