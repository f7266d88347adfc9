/*
 * One request's life, from its first byte to the last byte of its answer.
 *
 *   HEAD -> AUTH -> BODY -> LIMIT -> FORWARD -> DONE
 *
 * AUTH is passed through when a grant is at hand, and returned to from BODY
 * when that has expired meanwhile.  READY stands in for AUTH to FORWARD when
 * the request is GET /ready.  A refusal leads from every state to DONE.
 *
 * The steps are in request.c (HEAD, BODY), admit.c (AUTH, LIMIT), forward.c
 * and ready.c.
 */
#ifndef EDGE_EXCHANGE_H
#define EDGE_EXCHANGE_H

#include "../proto/daemon/conf.h"
#include "body.h"
#include "credential.h"
#include "forward.h"
#include "reply.h"
#include "request.h"
#include "route.h"

struct conn;
struct readiness;

enum exchange_state {
	EXCHANGE_HEAD,    /* reading the head */
	EXCHANGE_AUTH,    /* authd is asked who is calling */
	EXCHANGE_BODY,    /* reading the body */
	EXCHANGE_LIMIT,   /* limiterd is asked, or keeps us in its queue */
	EXCHANGE_FORWARD, /* proxyd has it */
	EXCHANGE_READY,   /* every daemon is asked whether it is well */
	EXCHANGE_DONE     /* the whole answer is queued for the client */
};

struct exchange {
	struct conn *conn;
	uint64_t id; /* of its frames, on every link */
	enum exchange_state state;
	uint8_t request_id[REQUEST_ID_SIZE];

	/* What is asked; valid once the head was read. */
	const struct wire_route_info *route; /* NULL: refused before one was found */
	enum wire_dialect dialect;           /* of what it is refused with */
	bool head_only;                      /* the answer's body is not wanted */
	bool keep_alive;                     /* the client would use the connection again */
	enum request_media media;
	char *passed; /* header lines for the upstream; NULL: none */
	bool read;    /* all of it has been read and judged */
	char model[MODEL_NAME_MAX + 1];
	struct body body;

	/* Who asks; a key that was refused has an id too. */
	struct credential credential;
	bool identified; /* by a grant */
	char key_id[KEY_ID_MAX + 1];
	char key_name[KEY_NAME_MAX + 1];
	bool asked_again; /* limiterd did not honour a kept grant, and authd was asked for another */

	/* What other daemons hold for us. */
	bool taken; /* a place at limiterd, or in its queue */
	struct limit_level requests, tokens;
	struct forward forward;
	struct readiness *readiness; /* NULL but in EXCHANGE_READY */

	/* For the log line. */
	uint16_t status;                                /* answered; 0: not yet */
	char code[ERROR_CODE_MAX + 1];                  /* of an error, or "" */
	uint64_t began, asked, granted, wanted, leased; /* loop_micros(); 0: not come to */
	uint32_t upstream_us;

	struct http_head head;
	struct http_header headers[]; /* head's */
};

/* Call once, at the start. */
void exchange_init(const struct conf_edge *conf);

/* --- for the connection --- */

/* Begins one; NULL when there is no memory for it. */
struct exchange *exchange_new(struct conn *conn);

/* Offers bytes from the client; returns how many it took, 0 when it needs more or wants none now.
 * A head that was taken is wiped, since it may hold a credential. */
size_t exchange_feed(struct exchange *exchange, char *bytes, size_t length);

/* The client took something of what was queued for it. */
void exchange_sent(struct exchange *exchange);

/* The time set with conn_deadline() is over. */
void exchange_expired(struct exchange *exchange);

bool exchange_is_done(const struct exchange *exchange);

/* Of one that is done: whether another may follow on its connection. */
bool exchange_keeps_alive(const struct exchange *exchange);

/* Gives back what other daemons hold for it, writes its log line (`how` it ended) and frees it. */
void exchange_end(struct exchange *exchange, const char *how);

/* --- for the steps --- */

/* Goes to a state in which it may wait, for at most that long; 0: as long as it takes. */
void exchange_wait(struct exchange *exchange, enum exchange_state state, int64_t deadline_ms);

/* A reply with everything filled in that does not depend on what is answered. */
struct reply exchange_reply(const struct exchange *exchange);

/* Answers with a refusal, which is recorded; with a body of our own making. */
void exchange_refuse(struct exchange *exchange, const struct refusal *refusal);
void exchange_answer(struct exchange *exchange, uint16_t status, const char *content_type, const char *body);

/* --- for the links --- */

/* The one with that id, if it is in that state; else NULL. */
struct exchange *exchange_find(uint64_t id, enum exchange_state state);

/* The daemon that one waits for has failed it; is gone, and fails all that are in that state. */
void exchange_fail(struct exchange *exchange);
void exchange_fail_all(enum exchange_state state);

#endif
