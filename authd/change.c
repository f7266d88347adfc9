#include "change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/ctl.h"
#include "../proto/daemon/ipc.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/recorder.h"
#include "keyjson.h"
#include "revoke.h"
#include "source.h"

struct change {
	struct key *key;
	const char *action;
	ipc_ctl_ticket ticket;
	bool answered;
};

static unsigned under_way; /* each of them may need room in the audit trail */

static void record(const struct key *key, const char *action)
{
	struct audit_record record = {.kind = AUDIT_ADMIN};
	memcpy(record.key_id, key->id, sizeof(record.key_id));
	memcpy(record.key_name, key->name, sizeof(record.key_name));
	snprintf(record.action, sizeof(record.action), "%s", action);
	keyjson_detail(key, record.detail, sizeof(record.detail));
	CHECK(recorder_put(&record));
	log_info("key-changed", "action=%s key=%s name=%s", action, key->id, log_text(key->name));
}

/* One whose outcome was not known at first was answered then. */
static void answer(struct change *change, const char *error)
{
	if (change->answered)
		return;
	change->answered = true;
	struct wire_out *json = ipc_ctl_begin();
	bool done = error ? ctl_refuse(json, error) : ctl_reply(json, keyjson_show(change->key, loop_wall()));
	ipc_ctl_end(change->ticket, done);
}

static void refuse(struct change *change, const char *event, const char *reason)
{
	log_error(event, "action=%s key=%s reason=%s", change->action, change->key->id, log_text(reason));
	answer(change, reason);
}

/* The key is memory's from then on. */
static void apply(struct change *change, uint64_t generation)
{
	struct key *key = change->key;
	key->generation = generation;
	source_put(key);
	record(key, change->action);
	revoke_announce(key);
	answer(change, NULL);
}

static void saved(void *arg, enum store_outcome outcome, uint64_t generation, const char *reason)
{
	struct change *change = arg;
	if (outcome == STORE_UNKNOWN) {
		refuse(change, "key-change-unknown", reason);
		return;
	}
	if (outcome == STORE_SAVED)
		apply(change, generation);
	else
		refuse(change, "key-not-changed", reason);
	if (outcome == STORE_REFUSED)
		free(change->key);
	free(change);
	under_way--;
}

void change_make(struct store *store, struct key *key, const char *action)
{
	struct change *change = calloc(1, sizeof(*change));
	CHECK(change);
	*change = (struct change){.key = key, .action = action, .ticket = ipc_ctl_later()};
	key->changed = loop_wall();
	under_way++;
	if (recorder_room() < under_way)
		saved(change, STORE_REFUSED, 0, "the audit trail takes no more records: is heimgate-auditd running?");
	else
		store_save(store, key, saved, change);
}
