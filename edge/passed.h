/*
 * The few headers of a request that its upstream must see: the Content-Type
 * of a form, which has its boundary, and what Anthropic's clients say of
 * versions and trials.  All others end here.
 */
#ifndef EDGE_PASSED_H
#define EDGE_PASSED_H

#include "../proto/wire/msg_stream.h"
#include "http_parse.h"

/*
 * Collects them as "Name: value\r\n" lines in *lines: the caller's to free(), NULL when there are none.
 * False when they are too long or not printable ASCII, or there is no memory.
 */
bool passed_collect(const struct wire_route_info *route, const struct http_head *head, const char *bytes, char **lines);

#endif
