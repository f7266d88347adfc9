/*
 * An answer on its way to edge: head, data, trailer.  Data goes out as far as
 * edge's credit reaches; the rest waits here, and whoever feeds it is to
 * pause meanwhile.
 */
#ifndef PROXYD_REPLY_H
#define PROXYD_REPLY_H

#include "../proto/daemon/ipc.h"
#include "../proto/wire/apierror.h"
#include "../proto/wire/msg_stream.h"

struct reply {
	struct ipc_link *edge;
	struct api_client client; /* to whom it is told */
	uint64_t id;              /* of the stream */
	uint64_t credit;          /* bytes that edge still takes */
	uint64_t bytes;           /* of payload so far, those that wait included */
	uint16_t status;          /* of the head; 0: none was sent */
	bool broken;              /* edge cannot be told any more: give the answer up */
	bool over;                /* the trailer is known, */
	bool told;                /* and was sent */
	struct stream_trailer trailer;
	char *waiting; /* bytes from waiting_start to waiting_end are still to be sent */
	size_t waiting_start, waiting_end, waiting_room;
};

/* The answer to a request that has this lease, which must outlive it.  Call reply_free() afterwards. */
void reply_start(struct reply *reply, struct ipc_link *edge, uint64_t id, const struct lease *lease);
void reply_free(struct reply *reply);

void reply_head(struct reply *reply, const struct stream_head *head);

/* Any length; the bytes are copied. */
void reply_data(struct reply *reply, const char *bytes, size_t length);

/* A whole answer but for its trailer.  headers: "Name: value\r\n" lines, or "". */
void reply_body(struct reply *reply, int status, const char *headers, const char *body, size_t length);

/* The same, with an error in it. */
void reply_error(struct reply *reply, const struct api_error *error);

/* The last thing to say; it goes out behind whatever waits. */
void reply_trailer(struct reply *reply, const struct stream_trailer *trailer);

/* Edge takes so many more bytes. */
void reply_credit(struct reply *reply, uint32_t bytes);

/* Sends what waits, as far as that is possible now. */
void reply_push(struct reply *reply);

/* Whether bytes wait: give it no more. */
bool reply_is_full(const struct reply *reply);

/* Drops what waits, because the answer will not be completed. */
void reply_drop(struct reply *reply);

#endif
