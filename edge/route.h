/*
 * Which requests edge knows: one table of methods and paths.
 *
 * A path is compared as it was sent, byte by byte; nothing is decoded, folded
 * or normalised.  The one exception is the id in /v1/models/{id}, which runs
 * to the end of the path, '/' included, and is decoded after it was matched.
 */
#ifndef EDGE_ROUTE_H
#define EDGE_ROUTE_H

#include "../proto/wire/stamp.h"
#include "http_parse.h"

/* Who answers. */
enum route_serve {
	SERVE_FORWARD, /* proxyd, against a lease for route->wire */
	SERVE_ROOT,    /* edge: GET / */
	SERVE_HEALTH,  /* edge: alive */
	SERVE_READY    /* edge: every daemon and store by name */
};

enum route_body {
	ROUTE_BODY_NONE, /* none is expected; one that comes is read and dropped */
	ROUTE_BODY_JSON
};

struct route {
	const char *path;  /* "{id}" at its end stands for one or more bytes */
	unsigned methods;  /* bit 1 << enum http_method for each that is right */
	const char *allow; /* methods, as in an Allow header */
	enum route_serve serve;
	enum wire_route wire; /* ROUTE_COUNT unless SERVE_FORWARD */
	enum route_body body;
};

enum route_result {
	ROUTE_FOUND,
	ROUTE_NOT_FOUND,    /* 404 */
	ROUTE_WRONG_METHOD, /* 405; route->allow says which are right */
	ROUTE_BAD_TARGET    /* 400; see reason */
};

struct route_match {
	const struct route *route;      /* NULL after ROUTE_NOT_FOUND and ROUTE_BAD_TARGET */
	char model[MODEL_NAME_MAX + 1]; /* the decoded {id}, or "" */
	const char *reason;             /* valid after ROUTE_BAD_TARGET; static */
};

/* Finds the route of a complete head; bytes is its buffer. */
enum route_result route_find(const struct http_head *head, const char *bytes, struct route_match *match);

#endif
