#include "record.h"

#include <stdio.h>
#include <string.h>

#include "../proto/daemon/loop.h"
#include "../proto/daemon/recorder.h"
#include "conn.h"
#include "exchange.h"

enum { STRANGERS_PER_SECOND = 100 };

/* Whoever has no key, or no longer a good one, could otherwise fill the disk: beyond so many a second, their refusals
 * are only counted. */
static unsigned strangers_left_out;

static bool is_one_too_many(const struct exchange *exchange)
{
	static uint64_t second;
	static unsigned recorded;
	if (exchange->identified)
		return false;
	if (second != loop_now() / 1000)
		recorded = 0;
	second = loop_now() / 1000;
	if (recorded++ < STRANGERS_PER_SECOND)
		return false;
	strangers_left_out++;
	return true;
}

static void tell_left_out(struct audit_record *record)
{
	if (strangers_left_out > 0)
		snprintf(record->detail, sizeof(record->detail), "{\"left_out\":%u}", strangers_left_out);
	strangers_left_out = 0;
}

void record_refusal(const struct exchange *exchange, const struct refusal *refusal)
{
	struct audit_record record = {.kind = AUDIT_REFUSAL, .status = refusal->status};
	if (!exchange->route || exchange->route->serve == SERVE_EDGE || is_one_too_many(exchange))
		return;
	tell_left_out(&record);
	memcpy(record.request_id, exchange->request_id, sizeof(record.request_id));
	memcpy(record.key_id, exchange->key_id, sizeof(record.key_id));
	memcpy(record.key_name, exchange->key_name, sizeof(record.key_name));
	memcpy(record.model, exchange->model, sizeof(record.model));
	snprintf(record.client, sizeof(record.client), "%s", conn_client(exchange->conn));
	snprintf(record.action, sizeof(record.action), "%s", exchange->route->label);
	snprintf(record.code, sizeof(record.code), "%s", refusal_word(refusal));
	record.streamed = exchange->read && body_asks_stream(&exchange->body);
	record.bytes_in = exchange->body.framing.received;
	record.total_ms = (uint32_t)((loop_micros() - exchange->began) / 1000);
	recorder_put(&record);
}
