#include "settle.h"

#include <stdlib.h>

#include "../proto/daemon/log.h"

struct settle_entry {
	uint64_t id;
	uint64_t tokens;
	bool charged;
	uint8_t *sealed;
	size_t length;
};

static struct settle_entry **place_of(struct settle *settle, uint64_t id)
{
	return &settle->entries[id % SETTLE_WINDOW];
}

static void forget(struct settle_entry **place)
{
	if (*place)
		free((*place)->sealed);
	free(*place);
	*place = NULL;
}

/* False when the link does not take it now. */
static bool send_entry(struct settle *settle, const struct settle_entry *entry)
{
	struct limit_settle body = {{entry->sealed, entry->length}, entry->tokens, entry->charged};
	struct wire_out *out = ipc_begin(settle->limiterd, MSG_LIMIT_SETTLE, 0, entry->id);
	if (!out)
		return false;
	limit_settle_encode(out, &body);
	ipc_end(settle->limiterd);
	return true;
}

static void send_unsent(struct settle *settle)
{
	for (; settle->unsent < settle->next; settle->unsent++) {
		const struct settle_entry *entry = *place_of(settle, settle->unsent);
		if (entry && entry->id == settle->unsent && !send_entry(settle, entry))
			return;
	}
}

void settle_again(struct settle *settle)
{
	settle->postponed = false;
	settle->unsent = settle->next > SETTLE_WINDOW ? settle->next - SETTLE_WINDOW : 0;
	send_unsent(settle);
}

void settle_postpone(struct settle *settle)
{
	settle->postponed = true;
}

void settle_push(struct settle *settle)
{
	if (settle->postponed)
		settle_again(settle);
	else
		send_unsent(settle);
}

void settle_put(struct settle *settle, uint8_t *sealed, size_t length, uint64_t tokens, bool charged)
{
	struct settle_entry **place = place_of(settle, settle->next);
	struct settle_entry *entry = malloc(sizeof(*entry));
	if (!entry) {
		free(sealed);
		return;
	}
	if (*place)
		log_warn("settlement-given-up", "waiting=%d", SETTLE_WINDOW);
	forget(place);
	*entry = (struct settle_entry){settle->next++, tokens, charged, sealed, length};
	*place = entry;
	send_unsent(settle);
}

void settle_done(struct settle *settle, uint64_t id)
{
	struct settle_entry **place = place_of(settle, id);
	if (*place && (*place)->id == id)
		forget(place);
}

void settle_free(struct settle *settle)
{
	for (size_t i = 0; i < SETTLE_WINDOW; i++)
		forget(&settle->entries[i]);
}
