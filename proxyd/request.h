/*
 * The body of a request as it arrives: whether it is what its route takes and
 * names the model that was leased, and the few bytes that are changed in it.
 */
#ifndef PROXYD_REQUEST_H
#define PROXYD_REQUEST_H

#include "../proto/wire/form.h"
#include "problem.h"
#include "splice.h"

struct request {
	const struct wire_route_info *route;
	union {
		struct json_scan json;
		struct form form;
	} scan;
};

/* `passed`: lines of the client's head, of which a form's boundary comes.  False: they have none. */
bool request_start(struct request *request, const struct wire_route_info *route, struct wire_bytes passed);

void request_feed(struct request *request, const char *bytes, size_t length);

/* No more bytes: what is wrong with it, as a request for that model. */
enum problem request_judge(struct request *request, const char *model);

/* Of a good one: whether it asks for an event stream of chat chunks, and whether for the usage in it. */
bool request_wants_chunks(const struct request *request);
bool request_wants_usage(const struct request *request);

/* As splice_body(): puts that model in (NULL: keep it), and asks for the usage if `usage`. */
size_t request_splice(const struct request *request, char *body, size_t length, const char *model, bool usage);

#endif
