/*
 * Links between daemons, and the control socket for people's tools: frames
 * over unix sockets, carried as nng's PAIR0 and REP0 carry them (see sp.h).
 *
 * Frames sent during one batch of events travel together in one message.
 * A frame the peer may not send, or that is malformed, is answered with FAULT
 * and logged; it never reaches a handler.
 */
#ifndef DAEMON_IPC_H
#define DAEMON_IPC_H

#include "../wire/msg_common.h"

struct ipc_link; /* lives until the process ends */

/* Bytes queued towards a peer that does not read: what ends a stream, or lets it go on, finds room when data do not. */
enum {
	IPC_BACKLOG_MAX = 8 * 1024 * 1024,
	IPC_HEADROOM = 1024 * 1024, /* beyond it, for frames of at most IPC_SMALL_MAX */
	IPC_SMALL_MAX = 512         /* bytes of body, by the type's greatest */
};

struct ipc_events {
	/* A frame arrived; it is valid until the call returns.
	 * Return WIRE_OK, or the error with which to refuse it (sent back as FAULT and logged). */
	enum wire_error (*frame)(void *arg, const struct wire_frame *frame);
	/* The peer is there.  NULL: not interested. */
	void (*up)(void *arg);
	/* The peer is gone and whatever was on its way to it is lost.  NULL: not interested. */
	void (*down)(void *arg);
};

/* Goes to the run directory, so that socket paths stay short.  Ends the process on failure.
 * Links are opened by names relative to it. */
void ipc_enter(const char *run_directory);

/* Opens the link as its dialer or listener, whichever `me` is.  Ends the process on failure.
 * Dialers connect and reconnect by themselves.  `events` and `arg` must outlive the process. */
struct ipc_link *ipc_open(enum wire_link which, enum wire_role me, const struct ipc_events *events, void *arg);

bool ipc_is_up(const struct ipc_link *link);

/*
 * Begins a frame: encode its body into the cursor returned, then call ipc_end().
 * NULL when the peer is not there or IPC_BACKLOG_MAX bytes are waiting for it; for a small one, IPC_HEADROOM more.
 * The cursor is valid until ipc_end(); only one frame of a link is begun at a time.
 */
struct wire_out *ipc_begin(struct ipc_link *link, enum wire_type type, uint8_t flags, uint64_t id);

/* Queues the frame begun.  -1 when its body did not encode (programmer error: logged, frame dropped). */
int ipc_end(struct ipc_link *link);

/* A frame without a body.  -1 when it cannot be queued. */
int ipc_send_empty(struct ipc_link *link, enum wire_type type, uint64_t id);

/*
 * The control socket.  A connection has one call at a time: of those that come before the result only the last is
 * kept, and run after it.
 * The handler writes a JSON object into out->data (size CTL_JSON_MAX) and returns whether the call
 * was done; when it returns false the JSON should be {"error": "..."}.
 */
typedef bool ipc_ctl_handler(void *arg, const struct ctl_call *call, struct wire_out *json);
void ipc_ctl_listen(enum wire_link which, ipc_ctl_handler *call, void *arg);

/*
 * A handler that has to wait calls ipc_ctl_later() and returns: what it returns and wrote is then of no
 * account.  Later whoever has the ticket calls ipc_ctl_begin(), writes the object and calls ipc_ctl_end(),
 * once.  The cursor is never NULL and valid until then; a caller who is gone gets nothing.
 */
typedef uint64_t ipc_ctl_ticket;
ipc_ctl_ticket ipc_ctl_later(void);
struct wire_out *ipc_ctl_begin(void);
void ipc_ctl_end(ipc_ctl_ticket ticket, bool done);

/* Number of links opened as dialer that are not up. */
unsigned ipc_missing(void);

/* Sends what is queued, as far as the sockets take it, and closes every link: the last thing a daemon does. */
void ipc_close(void);

#endif
