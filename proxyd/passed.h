/*
 * Header lines of a client's that edge passes on.  Edge is believed in
 * nothing: only what the route may have is let through.
 */
#ifndef PROXYD_PASSED_H
#define PROXYD_PASSED_H

#include "../proto/wire/form.h"
#include "../proto/wire/msg_stream.h"

struct curl_slist;

/* Whether they are whole lines of printable ASCII and no others than such a route may have; no two Content-Types. */
bool passed_is_good(struct wire_bytes lines, const struct wire_route_info *route);

/* The boundary in their Content-Type; false when there is none. */
bool passed_boundary(struct wire_bytes lines, char boundary[FORM_BOUNDARY_MAX + 1]);

/*
 * Puts good ones in front of `headers`, whose first line is a Content-Type that gives way to theirs.  With no lines
 * the result is `headers` itself.  passed_free() the result, which must not outlive `headers`.
 */
struct curl_slist *passed_join(struct wire_bytes lines, struct curl_slist *headers);
void passed_free(struct curl_slist *joined, struct curl_slist *headers);

#endif
