/*
 * Why a request is refused, as its caller is told: status, OpenAI's error
 * members, and whether trying again makes sense.  Pure.
 *
 * Every refusal_* function fills a refusal of the caller's from scratch.
 */
#ifndef EDGE_REFUSAL_H
#define EDGE_REFUSAL_H

#include "../proto/wire/form.h"
#include "../proto/wire/json.h"
#include "../proto/wire/msg_auth.h"
#include "../proto/wire/msg_limit.h"
#include "http_parse.h"

enum {
	REFUSAL_MESSAGE_MAX = 1024,
	REFUSAL_SOON_MS = 1000 /* after which to try again when nothing better is known */
};

struct refusal {
	uint16_t status;  /* HTTP */
	const char *type; /* these three static; code and param NULL: null */
	const char *code;
	const char *param;
	const char *allow;       /* methods, for 405; else NULL */
	uint32_t retry_after_ms; /* 0: not said */
	bool never_retry;        /* tell clients that trying again is of no use */
	char message[REFUSAL_MESSAGE_MAX + 1];
};

/* Text that is not NUL-terminated, from the client. */
struct refusal_text {
	const char *bytes;
	size_t length;
};

/* A head or body that is not HTTP as it is spoken here. */
void refusal_http(struct refusal *refusal, const struct http_refusal *why);

/* 400 with a reason of our own. */
void refusal_bad_request(struct refusal *refusal, const char *reason);

/* 404: no such path.  405: not with this method. */
void refusal_path(struct refusal *refusal, struct refusal_text method, struct refusal_text target);
void refusal_method(struct refusal *refusal, struct refusal_text method, struct refusal_text target, const char *allow);

/* 403: a route that is known and served to nobody. */
void refusal_nobody(struct refusal *refusal);

/* 401: no credential; one that authd does not honour. */
void refusal_no_key(struct refusal *refusal);
void refusal_key(struct refusal *refusal, enum auth_reason reason, const char *masked);

/* 415: a body of another media type than "application/json" or the like; a compressed one. */
void refusal_media_type(struct refusal *refusal, const char *wanted);
void refusal_encoding(struct refusal *refusal);

/* 400: a body that is not JSON, or is JSON but no object (error JSON_OK). */
void refusal_json(struct refusal *refusal, enum json_error error, uint64_t offset);

/* 400: a body that is not the form it is said to be. */
void refusal_form(struct refusal *refusal, enum form_error error, uint64_t offset);

/* 400: the member "model" of that type cannot name a model. */
void refusal_model(struct refusal *refusal, enum json_type type);

/* What limiterd refused.  LIMIT_GRANT and LIMIT_UNAVAILABLE become refusal_overloaded(). */
void refusal_limit(struct refusal *refusal, const struct limit_deny *deny, const char *model);

/* 408. */
void refusal_timeout(struct refusal *refusal, const char *reason);

/* 503, try again soon.  502: the answer was lost on its way. */
void refusal_overloaded(struct refusal *refusal, const char *reason);
void refusal_lost(struct refusal *refusal);

/* A word for records: the code, or the type of errors that have none. */
const char *refusal_word(const struct refusal *refusal);

#endif
