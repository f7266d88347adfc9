/* The tools' side of a control socket: one call, one result, then the tool goes on.  Blocks; never use in a daemon. */
#ifndef DAEMON_CTL_H
#define DAEMON_CTL_H

#include <jansson.h>
#include <stdbool.h>

#include "../wire/proto.h"

/*
 * Calls verb(arguments) on the daemon behind a CTL link and waits at most 10 s.
 * Steals the reference of `arguments` (NULL: none).  Returns the result object (the caller's
 * to decref) when the daemon did it; otherwise prints one clear line on stderr and returns NULL
 * with errno: EPERM when the daemon refused, ENOTCONN when it did not answer.
 */
json_t *ctl_call(const char *run_directory, enum wire_link link, const char *verb, json_t *arguments);

/* The daemon's side: parses a call's JSON strictly; NULL and a message in error[size] when it is no object. */
json_t *ctl_arguments(const void *data, size_t length, char *error, size_t size);

/* True when every member of `arguments` is one of the NULL-terminated names; else writes
 * "unknown member \"x\"" into error[size]. */
bool ctl_only(const json_t *arguments, const char *const *names, char *error, size_t size);

struct ctl_call;
struct wire_out;

/* Whether the call is this verb, the only one of its daemon, without arguments; otherwise the refusal is written. */
bool ctl_is_bare(const struct ctl_call *call, const char *verb, struct wire_out *json);

/* Writes the object into a control result and drops the reference; false when it does not fit. */
bool ctl_reply(struct wire_out *json, json_t *object);

/* Writes {"error": text}; always false, so that a handler can `return ctl_refuse(...)`. */
bool ctl_refuse(struct wire_out *json, const char *text);

#endif
