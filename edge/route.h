/*
 * Finds the row of the route table (proto/wire/route.h) that a request asks
 * for.
 *
 * A path is compared as it was sent, byte by byte; nothing is decoded, folded
 * or normalised.  The one exception is an {id}, which runs to the end of the
 * path, '/' included, and is decoded after it was matched.
 */
#ifndef EDGE_ROUTE_H
#define EDGE_ROUTE_H

#include "../proto/wire/stamp.h"
#include "http_parse.h"

enum { ROUTE_ALLOW_MAX = 31 };

enum route_result {
	ROUTE_FOUND,
	ROUTE_NOT_FOUND,    /* 404 */
	ROUTE_WRONG_METHOD, /* 405; allow says which are right */
	ROUTE_BAD_TARGET    /* 400; see reason */
};

struct route_match {
	const struct wire_route_info *route; /* NULL after ROUTE_NOT_FOUND and ROUTE_BAD_TARGET */
	enum wire_dialect dialect;           /* in which to refuse it, whatever the result */
	char model[MODEL_NAME_MAX + 1];      /* the decoded {id}, or "" */
	char allow[ROUTE_ALLOW_MAX + 1];     /* methods, as in an Allow header; valid after ROUTE_WRONG_METHOD */
	const char *reason;                  /* valid after ROUTE_BAD_TARGET; static */
};

/* Finds the route of a complete head; bytes is its buffer. */
enum route_result route_find(const struct http_head *head, const char *bytes, struct route_match *match);

#endif
