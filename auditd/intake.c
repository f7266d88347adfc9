#include "intake.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"

enum {
	ACKS_MAX = 32768, /* three senders' windows of 8192, and room for what they send again */
	RETRY_MIN_MS = 100,
	RETRY_MAX_MS = 5000
};

struct ack {
	struct ipc_link *link; /* NULL: it went down */
	uint64_t id;
};

static struct journal *journal;
static void (*on_commit)(void);
static struct ack acks[ACKS_MAX]; /* owed once the journal is committed */
static size_t ack_count;
static struct loop_timer retry;
static uint64_t retry_ms; /* 0: the last commit went well */
static int reason;        /* errno of the last one that did not */

static void send_acks(void)
{
	for (size_t i = 0; i < ack_count; i++)
		if (acks[i].link)
			ipc_send_empty(acks[i].link, MSG_AUDIT_ACK, acks[i].id);
	ack_count = 0;
}

static void back_off(void)
{
	reason = errno;
	retry_ms = retry_ms == 0 ? RETRY_MIN_MS : retry_ms * 2;
	if (retry_ms > RETRY_MAX_MS)
		retry_ms = RETRY_MAX_MS;
	log_error("journal-not-written", "reason=%s waiting=%zu retry_ms=%u", log_text(strerror(reason)),
	          journal_waiting(journal), (unsigned)retry_ms);
	loop_timer_set(&retry, retry_ms);
}

static void commit(void *arg)
{
	(void)arg;
	if (ack_count == 0 && journal_waiting(journal) == 0)
		return;
	if (journal_commit(journal, loop_wall()) < 0) {
		back_off();
		return;
	}
	if (retry_ms != 0)
		log_info("journal-written-again", "seq=%" PRIu64, journal_seq(journal));
	retry_ms = 0;
	send_acks();
	on_commit();
}

static void commit_batch(void *arg)
{
	if (!loop_timer_armed(&retry))
		commit(arg);
}

void intake_open(struct journal *into, void (*committed)(void))
{
	journal = into;
	on_commit = committed;
	retry.expired = commit;
	loop_after_batch(commit_batch, NULL);
}

enum wire_error intake_take(struct ipc_link *link, uint64_t id, const struct audit_record *record)
{
	if (!record_json_fits(record))
		return WIRE_BAD_VALUE;
	if (ack_count == ACKS_MAX || journal_add(journal, record) == JOURNAL_FULL)
		return WIRE_BUSY;
	acks[ack_count++] = (struct ack){link, id};
	return WIRE_OK;
}

void intake_forget(const struct ipc_link *link)
{
	for (size_t i = 0; i < ack_count; i++)
		if (acks[i].link == link)
			acks[i].link = NULL;
}

void intake_health(struct health_part *part)
{
	*part = (struct health_part){.name = "journal", .well = retry_ms == 0};
	if (!part->well)
		snprintf(part->text, sizeof(part->text), "%s; %zu records waiting", strerror(reason), journal_waiting(journal));
}
