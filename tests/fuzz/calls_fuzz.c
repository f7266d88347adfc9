/*
 * Calls of people's tools, one a line: a verb, a space, and JSON.  A line
 * "rows" says instead what auditd's store answers from then on.
 */
#include "calls.h"

#include <assert.h>
#include <string.h>

#include "../../proto/daemon/ctl.h"
#include "../../proto/daemon/ipc.h"
#include "fuzz.h"

enum { CALLS_MAX = 64 };

bool calls_deferred;
static struct wire_out answer;
static unsigned answers;

json_t *calls_result(bool done, const struct wire_out *json)
{
	json_error_t wrong;
	assert(json->error == WIRE_OK && json->length <= CTL_JSON_MAX);
	json_t *object = json_loadb((const char *)json->data, json->length, JSON_REJECT_DUPLICATES, &wrong);
	assert(json_is_object(object));
	const char *reason = json_string_value(json_object_get(object, "error"));
	assert(done ? !reason : reason && *reason != '\0' && json_object_size(object) == 1);
	return object;
}

/* --- in place of ipc_ctl.c --- */

struct wire_out *ipc_ctl_begin(void)
{
	static uint8_t bytes[CTL_JSON_MAX];
	wire_out_init(&answer, bytes, sizeof(bytes));
	return &answer;
}

ipc_ctl_ticket ipc_ctl_later(void)
{
	assert(!calls_deferred);
	calls_deferred = true;
	return 1;
}

void ipc_ctl_end(ipc_ctl_ticket ticket, bool done)
{
	assert(ticket == 1 && calls_deferred);
	answers++;
	json_decref(calls_result(done, &answer));
}

/* --- */

static bool dispatch(const struct ctl_call *call, struct wire_out *json)
{
	if (strncmp(call->verb, "key.", 4) == 0)
		return calls_keys(call, json);
	if (strncmp(call->verb, "audit.", 6) == 0)
		return calls_history(call, json);
	return ctl_is_bare(call, "limits.show", json) && ctl_reply(json, json_object());
}

static void make_call(const char *line, size_t length)
{
	struct ctl_call call;
	const char *space = memchr(line, ' ', length);
	size_t verb = space ? (size_t)(space - line) : length;
	if (verb > CTL_VERB_MAX || memchr(line, '\0', verb))
		return;
	memcpy(call.verb, line, verb);
	call.verb[verb] = '\0';
	call.json = (struct wire_bytes){(const uint8_t *)line + verb, length - verb};
	if (strcmp(call.verb, "rows") == 0) {
		calls_history_rows(line + verb, length - verb);
		return;
	}
	calls_deferred = false;
	answers = 0;
	struct wire_out *json = ipc_ctl_begin();
	bool done = dispatch(&call, json);
	assert(answers == calls_deferred);
	if (!calls_deferred)
		json_decref(calls_result(done, json));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = (const char *)data, *end = line + size;
	calls_keys_begin();
	calls_history_rows("", 0);
	for (unsigned calls = 0; line < end && calls < CALLS_MAX; calls++) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((stop ? stop : end) - line);
		make_call(line, length);
		line += length + 1;
	}
	return 0;
}
