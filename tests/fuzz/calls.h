/* The daemons behind the control sockets, as the fuzzer of calls sees them: each without its links and its store. */
#ifndef TESTS_FUZZ_CALLS_H
#define TESTS_FUZZ_CALLS_H

#include <jansson.h>

#include "../../proto/wire/msg_common.h"

/* Whether the handler began an answer that ipc_ctl_end() gives, instead of returning one. */
extern bool calls_deferred;

/* What the daemon answered: an object that fits, and when it refused nothing but the reason.  The caller's to decref.
 */
json_t *calls_result(bool done, const struct wire_out *json);

/* authd: all keys are forgotten; then a call of "key.". */
void calls_keys_begin(void);
bool calls_keys(const struct ctl_call *call, struct wire_out *json);

/* auditd: what the store answers with next, columns with tabs between; then a call of "audit.". */
void calls_history_rows(const char *columns, size_t length);
bool calls_history(const struct ctl_call *call, struct wire_out *json);

#endif
