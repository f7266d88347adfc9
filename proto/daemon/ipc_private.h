/* What ipc.c, ipc_send.c and ipc_ctl.c know of each other. */
#ifndef DAEMON_IPC_PRIVATE_H
#define DAEMON_IPC_PRIVATE_H

#include <nng/nng.h>
#include <pthread.h>

#include "ipc.h"

enum { INBOX = 32 }; /* messages handed over before nng has to wait for the loop */

/*
 * nng's threads touch only what stands under "shared", and only under the
 * lock; everything else belongs to the loop.  A callback never waits for
 * anything but the lock, and the loop never holds it across a call into nng.
 */
struct ipc_link {
	enum wire_link which;
	enum wire_role me, peer;
	const struct ipc_events *events;
	void *arg;

	nng_socket socket;
	nng_aio *receive, *transmit;
	uint32_t pipe;        /* of the peer as the handlers know it; 0: none */
	uint8_t *queue;       /* whole frames waiting for the next message */
	size_t queue_size, queue_length;
	struct wire_out frame; /* begun and not ended */
	uint64_t fault_logged; /* ms */
	unsigned faults;       /* since then */

	struct {
		uint32_t pipe; /* attached now; 0: none */
		uint32_t gone; /* the last one that was detached */
		nng_msg *inbox[INBOX];
		size_t count;
		bool receiving, sending, wants_to_send;
	} shared;
};

extern pthread_mutex_t ipc_lock;

/* Hands the queue's front to nng, unless a message is still on its way; then it is done when that has left. */
void ipc_flush(struct ipc_link *link);

/* Makes the directory of a link below the current one; ends the process on failure. */
void ipc_make_directory(enum wire_link which);

/* Closes the control socket, if one was opened. */
void ipc_ctl_close(void);

#endif
