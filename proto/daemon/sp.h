/*
 * Connections that carry messages the way nng's IPC transport does, so that
 * either end may be nng: a greeting of 8 bytes that names the protocol
 * spoken, then messages, each a byte 1, a u64 length and so many bytes.
 *
 * A message is filled while it is open and leaves at sp_flush().
 */
#ifndef DAEMON_SP_H
#define DAEMON_SP_H

#include "loop.h"

/* Protocol numbers of the greeting (nng's nng_pair0, nng_req0, nng_rep0). */
enum sp_protocol { SP_PAIR0 = 16, SP_REQ0 = 48, SP_REP0 = 49 };

struct sp_events {
	void (*opened)(void *arg);                                       /* the greetings match */
	void (*message)(void *arg, const uint8_t *bytes, size_t length); /* valid until the call returns */
	void (*closed)(
		void *arg); /* the peer closed, broke the rules or announced more than WIRE_MESSAGE_MAX; already detached */
};

/* One connection; zero-initialised means detached. */
struct sp {
	struct loop_watch watch;
	uint32_t watching;
	enum sp_protocol peer;
	const struct sp_events *events;
	void *arg;
	bool attached, open, held;
	bool deaf; /* the peer takes nothing more */
	struct sp_buffer {
		uint8_t *data;
		size_t size, length;
	} in, out;
	size_t filling; /* where in `out` the open message begins; SIZE_MAX: none is open */
};

/* Listens on a unix socket of mode 0660, in place of a dead one; -1 + errno (EADDRINUSE: somebody listens). */
int sp_listen(const char *path);

/* Connects; -1 + errno. */
int sp_dial(const char *path);

/* Greets on a connected descriptor, which is the connection's from now on. */
void sp_attach(struct sp *sp, int fd, enum sp_protocol own, enum sp_protocol peer, const struct sp_events *events,
               void *arg);

/* Closes and forgets what was queued; no event. */
void sp_detach(struct sp *sp);

/* Room for `size` more bytes of the open message (a new one, if they would make it too long); NULL when
 * more than `backlog` bytes would be waiting, memory is short or the peer takes nothing more. */
uint8_t *sp_reserve(struct sp *sp, size_t size, size_t backlog);

/* Adds the first `size` bytes of what was reserved. */
void sp_commit(struct sp *sp, size_t size);

/* Ends the open message: what follows goes into another one. */
void sp_end(struct sp *sp);

/* Ends the open message and writes what the socket takes; the rest follows by itself. */
void sp_flush(struct sp *sp);

/* Reads nothing more until it is let go: for whoever has no room for it. */
void sp_hold(struct sp *sp, bool held);

#endif
