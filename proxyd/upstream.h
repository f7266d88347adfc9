/*
 * HTTP exchanges with model servers: libcurl's multi interface on the event
 * loop.  Connections are kept and reused; handles too.
 *
 * Three of the four timers live here (connect, first byte, idle); the total
 * is the stream's.  The idle timer rests while an exchange is paused.
 */
#ifndef PROXYD_UPSTREAM_H
#define PROXYD_UPSTREAM_H

#include "../proto/daemon/conf.h"
#include "head.h"
#include "problem.h"

struct curl_slist;
struct upstream_call;

/* How an upstream is reached. */
struct upstream_way {
	const char *certificates; /* PEM, of those who vouch for it; NULL: whom the system trusts */
	size_t certificates_length;
	const char *proxy;                                          /* its URL; NULL: none */
	unsigned connect_timeout, first_byte_timeout, idle_timeout; /* ms */
};

/* Borrowed until the exchange is over. */
struct upstream_request {
	const struct upstream_way *way;
	const char *url;
	struct curl_slist *headers;
	const char *body; /* NULL: GET */
	size_t length;    /* of body */
};

/* Called from the loop, never from within upstream_ask(). */
struct upstream_events {
	/* There is a connection, and the request goes out on it. */
	void (*sent)(void *arg);
	/* The head of the final answer. */
	void (*head)(void *arg, const struct head *head);
	/* Bytes of the body.  False: not now; the same bytes come again after upstream_resume(). */
	bool (*data)(void *arg, const char *bytes, size_t length);
	/* Over: PROBLEM_NONE when the answer was whole by HTTP's rules.  The call is gone; reason is for logs. */
	void (*ended)(void *arg, enum problem problem, const char *reason);
};

/* Prepares for `conf->streams` exchanges at one time.  Call before ipc_open(), so that what a batch brings
 * still goes out with it. */
void upstream_open(const struct conf_proxyd *conf);

/* Begins an exchange, within this batch of the loop; NULL when there is no memory.  `events` and `arg` must outlive it.
 * Allowed within an event. */
struct upstream_call *upstream_ask(const struct upstream_request *request, const struct upstream_events *events,
                                   void *arg);

/* Ends it at once by closing its connection; no event comes any more.  Allowed within an event. */
void upstream_cancel(struct upstream_call *call);

/* Takes up a paused exchange, which may deliver events; harmless when it is not paused. */
void upstream_resume(struct upstream_call *call);

/* Closes every connection. */
void upstream_close(void);

#endif
