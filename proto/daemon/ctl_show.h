/* A people's tool that shows what one daemon knows: one call, and text or JSON. */
#ifndef DAEMON_CTL_SHOW_H
#define DAEMON_CTL_SHOW_H

#include <jansson.h>
#include <stdbool.h>

#include "../wire/proto.h"

/* Whether "[show] [--json]" asks for JSON.  Prints help[] and ends with 0 for --help; anything else is a usage error.
 */
bool ctl_show_wants_json(const char *help, int argc, char **argv);

/* Calls the verb, and prints its result as JSON or with print().  Returns the tool's exit status. */
int ctl_show(const char *run_directory, enum wire_link link, const char *verb, bool json,
             void (*print)(const json_t *result));

/* Members of a result: 0 and "" where they are not there or of another type. */
json_int_t ctl_show_number(const json_t *object, const char *member);
const char *ctl_show_text(const json_t *object, const char *member);

#endif
