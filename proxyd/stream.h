/*
 * One request: from the frame that opens it to the record of how it went.
 *
 *   COLLECTING -> ASKING -> ANSWERING -> DRAINING
 *                  |  ^
 *                  v  |
 *                 WAITING
 *
 * The request half is in stream.c and attempt.c, the answer half in answer.c
 * and catalogue.c, the bookkeeping at the end in account.c.
 *
 * Memory per stream, in bytes: this struct (10 KiB); the request body
 * (body_length, at most HEIMGATE_BODY_MAX, all together HEIMGATE_BODY_TOTAL),
 * twice when something in it is changed;
 * what waits for the client's credit (one read of libcurl's, 16 KiB, and what
 * was held back before); what is held back (HOLD_MAX of a stream, 16 KiB of
 * another answer); libcurl's own 16 KiB; for errors and model lists the body
 * kept (ANSWER_KEPT_MAX).
 */
#ifndef PROXYD_STREAM_H
#define PROXYD_STREAM_H

#include "../proto/daemon/loop.h"
#include "../proto/wire/msg_auth.h"
#include "attempt.h"
#include "lines.h"
#include "reply.h"
#include "request.h"
#include "upstream.h"

struct catalogue;
struct proxyd;
struct routes;

enum stream_state {
	STREAM_COLLECTING, /* the request body is arriving */
	STREAM_ASKING,     /* the upstream was asked and has not answered */
	STREAM_WAITING,    /* for a slot elsewhere, or to be asked again */
	STREAM_ANSWERING,  /* its answer is arriving */
	STREAM_DRAINING    /* the answer is complete, and some of it waits for the client */
};

/* What is done with the bytes of an answer. */
enum stream_answer {
	ANSWER_NONE,   /* none has come */
	ANSWER_PLAIN,  /* passed on, the last piece only when the end is known to be right */
	ANSWER_EVENTS, /* passed on as an event stream */
	ANSWER_LINES,  /* passed on as lines of JSON */
	ANSWER_ERROR,  /* kept, judged, passed on or wrapped */
	ANSWER_LIST    /* kept, and made into a list of models */
};

struct stream {
	struct stream *next; /* in its chain of struct streams */
	struct proxyd *proxyd;
	enum stream_state state;
	struct loop_timer total;
	struct reply reply;

	/* Whose it is. */
	struct lease lease;
	uint8_t *sealed; /* the lease as it came; NULL once settled */
	size_t sealed_length;
	char client[CLIENT_ADDRESS_MAX + 1];

	/* The request. */
	char *body;
	size_t body_length, body_expected;
	char *edited; /* the body as the target is to have it; NULL: as it came */
	size_t edited_length;
	size_t body_credit;         /* bytes taken and not yet given back as credit */
	struct wire_bytes passed;   /* header lines of the client's; data NULL: none */
	struct curl_slist *headers; /* of the request: passed and base_headers; NULL until asked */
	struct curl_slist *base_headers;
	bool wants_events; /* no other answer will do */
	bool strips_usage; /* usage is asked for on our own account */

	/* Where it goes. */
	struct routes *routes; /* held */
	struct attempt attempt;
	size_t upstream;    /* index; valid once asked */
	const char *served; /* the model's name there; "" for lists */
	struct upstream_call *call;
	bool charged; /* the upstream was asked, or the answer is our own */

	/* The answer. */
	enum stream_answer answer;
	struct head head;            /* valid once answer is set */
	struct catalogue *catalogue; /* a list being gathered; NULL: it is none */
	char *kept;                  /* bytes of its body that have not been passed on */
	size_t kept_length;
	bool cancelled;
	uint64_t opened_ms, opened_wall, sent_us, first_byte_us; /* loop_now(), loop_wall(), loop_micros() */

	/* The request's scan until it is sent, then what follows the answer. */
	union {
		struct request request;
		struct tally tally; /* of ANSWER_PLAIN; also the first member of the next two */
		struct sse events;
		struct lines lines;
	} scan;
};

_Static_assert(offsetof(struct sse, tally) == 0 && offsetof(struct lines, tally) == 0, "every answer has its tally");

/* The frames of edge.  WIRE_OK or the error with which to refuse. */
enum wire_error stream_open(struct proxyd *proxyd, const struct wire_frame *frame);
enum wire_error stream_body(struct proxyd *proxyd, const struct wire_frame *frame);
enum wire_error stream_credit(struct proxyd *proxyd, const struct wire_frame *frame);
enum wire_error stream_cancel(struct proxyd *proxyd, const struct wire_frame *frame);

/* Edge is gone: so are its clients. */
void stream_cancel_all(struct proxyd *proxyd);

/* Ends the open streams of a revoked key. */
void stream_revoke(struct proxyd *proxyd, const struct auth_revoke *revoke);

/* Keeps the leases of streams older than `age_ms` alive, and moves on whatever waits. */
void stream_keep_all(struct proxyd *proxyd, uint64_t age_ms);

/* --- for answer.c and catalogue.c; each may free the stream --- */

/* Ends the request with a problem, as well as the client can still be told: a stream that was complete stays so. */
void stream_fail(struct stream *stream, enum problem problem);

/* The answer is complete in reply, but for the trailer.  code: of the error answered, or "". */
void stream_finish(struct stream *stream, enum stream_end end, const char *code);

#endif
