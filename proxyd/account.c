#include "account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/recorder.h"
#include "proxyd.h"
#include "stream.h"

enum {
	BYTES_PER_TOKEN = 4, /* when nobody has counted */
	STATUS_CLIENT_GONE = 499
};

struct usage {
	bool known; /* told by the server */
	uint64_t tokens_in, tokens_out;
};

/* Pictures and sounds are not text: no more is charged for their bytes than was reserved. */
static uint64_t tokens_of(const struct stream *stream, uint64_t bytes)
{
	uint64_t tokens = bytes / BYTES_PER_TOKEN, most = stream->lease.tokens;
	bool is_media = wire_route_info(stream->lease.route)->shape == SHAPE_MEDIA;
	return is_media && tokens > most ? most : tokens;
}

/* What has been observed of an answer whose end did not tell. */
static struct usage observed(const struct stream *stream)
{
	const struct wire_route_info *route = wire_route_info(stream->lease.route);
	const struct tally *tally = &stream->scan.tally;
	struct usage usage = {0};
	if (stream->answer != ANSWER_NONE && tally->tokens_in > 0)
		usage.tokens_in = tally->tokens_in;
	else if (route->takes == TAKES_JSON)
		usage.tokens_in = stream->body_expected / BYTES_PER_TOKEN;
	if (stream->answer == ANSWER_PLAIN && route->cost == COST_ANSWER)
		usage.tokens_out = tokens_of(stream, stream->reply.bytes);
	else if (stream->answer == ANSWER_EVENTS || stream->answer == ANSWER_LINES)
		usage.tokens_out = tally->chunks;
	return usage;
}

/* Tokens that were reported, or what can be observed: of a failed request, or one that costs nothing, none. */
static struct usage used(const struct stream *stream)
{
	const struct tally *tally = &stream->scan.tally;
	bool answered = stream->answer == ANSWER_PLAIN || stream->answer == ANSWER_EVENTS || stream->answer == ANSWER_LINES;
	bool begun = answered || (stream->answer == ANSWER_NONE && stream->cancelled && stream->charged);
	if (!begun || wire_route_info(stream->lease.route)->cost == COST_FREE)
		return (struct usage){0};
	if (answered && tally->counted)
		return (struct usage){true, tally->tokens_in, tally->tokens_out};
	return observed(stream);
}

void account_settle(struct stream *stream)
{
	if (!stream->sealed)
		return;
	struct usage usage = used(stream);
	settle_put(&stream->proxyd->settle, stream->sealed, stream->sealed_length, usage.tokens_in + usage.tokens_out,
	           stream->charged);
	stream->sealed = NULL;
}

static uint64_t first_byte_us(const struct stream *stream)
{
	return stream->first_byte_us > stream->sent_us ? stream->first_byte_us - stream->sent_us : 0;
}

void account_fill_trailer(const struct stream *stream, struct stream_trailer *trailer)
{
	struct usage usage = used(stream);
	trailer->tokens_in = usage.tokens_in;
	trailer->tokens_out = usage.tokens_out;
	trailer->upstream_us = (uint32_t)first_byte_us(stream);
}

_Static_assert((int)RECORD_ID_SIZE == (int)LEASE_ID_SIZE, "a lease's id serves its record");

/* What is known from the lease alone.  Its id is random and used once, which is what a record's must be. */
static void start_record(struct audit_record *record, const struct lease *lease, const char *client)
{
	memset(record, 0, sizeof(*record));
	memcpy(record->id, lease->id, sizeof(record->id));
	record->kind = AUDIT_REQUEST;
	memcpy(record->request_id, lease->request_id, sizeof(record->request_id));
	memcpy(record->key_id, lease->key_id, sizeof(record->key_id));
	memcpy(record->key_name, lease->key_name, sizeof(record->key_name));
	memcpy(record->model, lease->model, sizeof(record->model));
	memcpy(record->upstream, lease->upstream, sizeof(record->upstream));
	snprintf(record->client, sizeof(record->client), "%s", client);
	snprintf(record->action, sizeof(record->action), "%s", wire_route_info(lease->route)->label);
}

void account_record(const struct stream *stream)
{
	struct audit_record record;
	struct usage usage = used(stream);

	start_record(&record, &stream->lease, stream->client);
	record.time = stream->opened_wall;
	record.status = stream->cancelled ? STATUS_CLIENT_GONE : stream->reply.status;
	memcpy(record.code, stream->reply.trailer.code, sizeof(record.code));
	snprintf(record.served, sizeof(record.served), "%s", stream->served);
	record.tokens_in = usage.tokens_in;
	record.tokens_out = usage.tokens_out;
	record.estimated = !usage.known && usage.tokens_in + usage.tokens_out > 0;
	record.streamed = stream->answer == ANSWER_EVENTS || stream->answer == ANSWER_LINES;
	record.bytes_in = stream->body_expected;
	record.bytes_out = stream->reply.bytes;
	record.first_byte_ms = (uint32_t)(first_byte_us(stream) / 1000);
	record.total_ms = (uint32_t)(loop_now() - stream->opened_ms);
	recorder_put(&record);
}

void account_refused(struct proxyd *proxyd, const struct stream_open *open, const struct lease *lease,
                     const struct api_error *error)
{
	struct audit_record record;
	uint8_t *sealed = malloc(open->lease.length);

	start_record(&record, lease, open->client);
	record.status = (uint16_t)error->status;
	snprintf(record.code, sizeof(record.code), "%s", error->code);
	record.bytes_in = open->body_length;
	recorder_put(&record);
	if (!sealed)
		return;
	memcpy(sealed, open->lease.data, open->lease.length);
	settle_put(&proxyd->settle, sealed, open->lease.length, 0, false);
}
