#include "sp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../wire/wire.h"
#include "log.h"

enum { GREETING = 8, PREFIX = 9, IPC_MESSAGE = 1, READ_SIZE = 64 * 1024, KEEP = 256 * 1024 };

static const size_t none = SIZE_MAX; /* no message is open */

/* --- buffers --- */

static bool grow(struct sp_buffer *buffer, size_t wanted)
{
	size_t size = buffer->size ? buffer->size : 4096;
	if (wanted <= buffer->size)
		return true;
	while (size < wanted)
		size *= 2;
	uint8_t *data = realloc(buffer->data, size);
	if (!data)
		return false;
	buffer->data = data;
	buffer->size = size;
	return true;
}

static void drop(struct sp_buffer *buffer, size_t length)
{
	buffer->length -= length;
	memmove(buffer->data, buffer->data + length, buffer->length);
	if (buffer->length == 0 && buffer->size > KEEP) {
		free(buffer->data);
		*buffer = (struct sp_buffer){0};
	}
}

/* --- coming in --- */

void sp_detach(struct sp *sp)
{
	if (!sp->attached)
		return;
	loop_unwatch(&sp->watch);
	close(sp->watch.fd);
	free(sp->in.data);
	free(sp->out.data);
	*sp = (struct sp){.watch.fd = -1};
}

static void fail(struct sp *sp)
{
	const struct sp_events *events = sp->events;
	void *arg = sp->arg;
	sp_detach(sp);
	events->closed(arg);
}

/* Takes the peer's greeting off the front; false when it is none. */
static bool greeted(struct sp *sp)
{
	const uint8_t wanted[GREETING] = {0, 'S', 'P', 0, 0, (uint8_t)sp->peer, 0, 0};
	if (memcmp(sp->in.data, wanted, GREETING) != 0)
		return false;
	drop(&sp->in, GREETING);
	sp->open = true;
	sp->events->opened(sp->arg);
	return true;
}

/* Length of the message at `offset`, SIZE_MAX when it breaks the rules; false when its prefix is not all there. */
static bool read_prefix(const struct sp *sp, size_t offset, size_t *length)
{
	struct wire_in in;
	wire_in_init(&in, sp->in.data + offset, sp->in.length - offset);
	uint8_t kind = wire_get_u8(&in);
	uint64_t size = wire_get_u64(&in);
	if (in.error != WIRE_OK)
		return false;
	*length = kind == IPC_MESSAGE && size <= WIRE_MESSAGE_MAX ? (size_t)size : SIZE_MAX;
	return true;
}

/* Hands over whole messages; false when the peer broke the rules. */
static bool deliver(struct sp *sp)
{
	size_t offset = 0, length = 0;
	while (read_prefix(sp, offset, &length)) {
		if (length == SIZE_MAX)
			return false;
		if (sp->in.length - offset - PREFIX < length)
			break;
		sp->events->message(sp->arg, sp->in.data + offset + PREFIX, length);
		offset += PREFIX + length;
	}
	drop(&sp->in, offset);
	return true;
}

static bool read_some(struct sp *sp)
{
	if (!grow(&sp->in, sp->in.length + READ_SIZE))
		return false;
	ssize_t length = read(sp->watch.fd, sp->in.data + sp->in.length, sp->in.size - sp->in.length);
	if (length <= 0)
		return length < 0 && (errno == EAGAIN || errno == EINTR);
	sp->in.length += (size_t)length;
	if (!sp->open && sp->in.length >= GREETING && !greeted(sp))
		return false;
	return !sp->open || deliver(sp);
}

/* --- going out --- */

static void watch(struct sp *sp)
{
	uint32_t events = (sp->held ? 0 : EPOLLIN) | (sp->out.length > 0 ? EPOLLOUT : 0u);
	if (sp->watching != events)
		loop_rewatch(&sp->watch, events);
	sp->watching = events;
}

/* What the peer said before it closed may still be there to be read; its end comes behind that. */
static bool is_deaf(struct sp *sp, int error)
{
	sp->deaf = error == EPIPE || error == ECONNRESET;
	if (sp->deaf)
		drop(&sp->out, sp->out.length);
	return sp->deaf;
}

static bool write_some(struct sp *sp)
{
	ssize_t length = send(sp->watch.fd, sp->out.data, sp->out.length, MSG_NOSIGNAL);
	if (length < 0 && errno != EAGAIN && errno != EINTR && !is_deaf(sp, errno))
		return false;
	if (length > 0)
		drop(&sp->out, (size_t)length);
	watch(sp);
	return true;
}

static void ready(void *arg, uint32_t events)
{
	struct sp *sp = arg;
	if (events & EPOLLOUT) {
		sp_end(sp); /* others may have begun one earlier in this batch, and in every batch to come */
		if (!write_some(sp)) {
			fail(sp);
			return;
		}
	}
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !read_some(sp))
		fail(sp);
}

static void end_message(struct sp *sp)
{
	struct wire_out prefix;
	wire_out_init(&prefix, sp->out.data + sp->filling, PREFIX);
	wire_put_u8(&prefix, IPC_MESSAGE);
	wire_put_u64(&prefix, sp->out.length - sp->filling - PREFIX);
	sp->filling = none;
}

uint8_t *sp_reserve(struct sp *sp, size_t size, size_t backlog)
{
	if (sp->deaf)
		return NULL;
	if (sp->filling != none && sp->out.length - sp->filling - PREFIX + size > WIRE_MESSAGE_MAX)
		end_message(sp);
	size_t before = sp->filling == none ? PREFIX : 0;
	if (sp->out.length + before + size > backlog || !grow(&sp->out, sp->out.length + before + size))
		return NULL;
	if (before) {
		sp->filling = sp->out.length;
		sp->out.length += before;
	}
	return sp->out.data + sp->out.length;
}

void sp_commit(struct sp *sp, size_t size)
{
	sp->out.length += size;
}

void sp_end(struct sp *sp)
{
	if (sp->filling != none)
		end_message(sp);
}

void sp_flush(struct sp *sp)
{
	if (!sp->attached || sp->out.length == 0)
		return;
	sp_end(sp);
	if (!(sp->watching & EPOLLOUT) && !write_some(sp))
		fail(sp);
}

void sp_hold(struct sp *sp, bool held)
{
	sp->held = held;
	if (sp->attached)
		watch(sp);
}

/* --- sockets --- */

/* An unbound socket of the path's; -1 + errno. */
static int make_socket(struct sockaddr_un *address, const char *path)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address->sun_path, path, strlen(path) + 1);
	return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int sp_dial(const char *path)
{
	struct sockaddr_un address;
	int fd = make_socket(&address, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	int reason = errno;
	close(fd);
	errno = reason;
	return -1;
}

/* Whether the name belongs to a listener that is no more. */
static bool is_stale(const char *path)
{
	int fd = sp_dial(path);
	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == ECONNREFUSED;
}

int sp_listen(const char *path)
{
	struct sockaddr_un address;
	int fd = make_socket(&address, path);
	if (fd < 0)
		return -1;
	int bound = bind(fd, (struct sockaddr *)&address, sizeof(address));
	if (bound < 0 && errno == EADDRINUSE && is_stale(path) && unlink(path) == 0)
		bound = bind(fd, (struct sockaddr *)&address, sizeof(address));
	else if (bound < 0 && errno == ECONNREFUSED)
		errno = EADDRINUSE;
	if (bound == 0 && chmod(path, 0660) == 0 && listen(fd, 8) == 0)
		return fd;
	int reason = errno;
	close(fd);
	errno = reason;
	return -1;
}

void sp_attach(struct sp *sp, int fd, enum sp_protocol own, enum sp_protocol peer, const struct sp_events *events,
               void *arg)
{
	const uint8_t greeting[GREETING] = {0, 'S', 'P', 0, 0, (uint8_t)own, 0, 0};
	*sp = (struct sp){.watch = {fd, ready, sp},
	                  .watching = EPOLLIN,
	                  .peer = peer,
	                  .events = events,
	                  .arg = arg,
	                  .attached = true,
	                  .filling = none};
	CHECK(loop_watch(&sp->watch, EPOLLIN) == 0);
	if (!grow(&sp->out, GREETING)) {
		fail(sp);
		return;
	}
	memcpy(sp->out.data, greeting, GREETING);
	sp->out.length = GREETING;
	if (!write_some(sp))
		fail(sp);
}
