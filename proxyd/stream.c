#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/recorder.h"
#include "account.h"
#include "answer.h"
#include "catalogue.h"
#include "passed.h"
#include "proxyd.h"

/* --- the end --- */

static void free_stream(struct stream *stream)
{
	streams_remove(&stream->proxyd->streams, stream);
	stream->proxyd->streams.body_bytes -= stream->body_expected;
	loop_timer_clear(&stream->total);
	attempt_leave(stream);
	answer_free(stream);
	catalogue_free(stream);
	reply_free(&stream->reply);
	routes_drop(stream->routes);
	free((void *)stream->passed.data);
	free(stream->sealed);
	free(stream->edited);
	free(stream->body);
	free(stream);
}

static void close_stream(struct stream *stream)
{
	account_settle(stream);
	account_record(stream);
	free_stream(stream);
}

/* What edge was not told, for want of room, is not whole whatever its end. */
void stream_finish(struct stream *stream, enum stream_end end, const char *code)
{
	struct stream_trailer trailer = {.end = stream->reply.broken ? STREAM_ABORTED : end};
	if (stream->reply.broken)
		reply_drop(&stream->reply);
	snprintf(trailer.code, sizeof(trailer.code), "%s", code);
	account_settle(stream);
	account_fill_trailer(stream, &trailer);
	stream->state = STREAM_DRAINING;
	reply_trailer(&stream->reply, &trailer);
	if (stream->reply.told)
		close_stream(stream);
}

void stream_fail(struct stream *stream, enum problem problem)
{
	const struct api_error *error = problem_error(problem);
	const char *code = error->code ? error->code : "";
	enum stream_end end = STREAM_COMPLETE;

	answer_leave(stream);
	attempt_leave(stream);
	if (stream->state == STREAM_DRAINING || stream->reply.broken) {
		reply_drop(&stream->reply);
		end = STREAM_ABORTED;
	} else if (stream->reply.status == 0) {
		reply_error(&stream->reply, error);
	} else if (stream->answer == ANSWER_EVENTS || stream->answer == ANSWER_LINES) {
		bool whole = answer_end(stream, problem);
		end = whole ? STREAM_COMPLETE : STREAM_CUT;
		code = whole ? "" : code;
	} else {
		end = STREAM_ABORTED;
	}
	stream_finish(stream, end, code);
}

static void cancel(struct stream *stream, const void *arg)
{
	(void)arg;
	answer_leave(stream);
	stream->cancelled = true;
	close_stream(stream);
}

static void total_expired(void *arg)
{
	stream_fail(arg, PROBLEM_TOTAL_TIMEOUT);
}

/* --- opening --- */

/* A request that is not let in: its lease goes back unused. */
static void refuse(struct proxyd *proxyd, uint64_t id, const struct stream_open *open, const struct lease *lease,
                   enum problem problem)
{
	const struct api_error *error = problem_error(problem);
	struct stream_trailer trailer = {.end = STREAM_COMPLETE};
	struct reply reply;

	snprintf(trailer.code, sizeof(trailer.code), "%s", error->code);
	reply_start(&reply, proxyd->edge, id, lease);
	reply_error(&reply, error);
	if (reply.broken || reply_is_full(&reply)) { /* for want of room */
		reply_drop(&reply);
		trailer.end = STREAM_ABORTED;
	}
	reply_trailer(&reply, &trailer);
	reply_free(&reply);
	account_refused(proxyd, open, lease, error);
}

/* Only a lease that is sealed, inside its time and fresh says anything. */
static enum wire_error check_lease(struct proxyd *proxyd, struct wire_bytes sealed, struct lease *lease)
{
	enum wire_error error = lease_open(sealed, proxyd->lease_key, loop_wall(), lease);
	return error == WIRE_OK ? leases_use(proxyd->leases, lease, loop_wall(), loop_now()) : error;
}

static enum problem check_room(const struct proxyd *proxyd, const struct stream_open *open, const struct lease *lease)
{
	const struct streams *streams = &proxyd->streams;
	if (revocation_covers(&proxyd->revocations, lease, loop_now()))
		return PROBLEM_REVOKED;
	if (proxyd->audit_required && recorder_state().waiting + streams->count >= RECORDER_WINDOW)
		return PROBLEM_UNRECORDED; /* those under way will need room, too */
	if (open->body_length > (uint64_t)proxyd->conf->body_max)
		return PROBLEM_TOO_LARGE;
	if (streams->count >= (size_t)proxyd->conf->streams ||
	    streams->body_bytes + open->body_length > (uint64_t)proxyd->conf->body_total)
		return PROBLEM_BUSY;
	return PROBLEM_NONE;
}

static void *copy(const void *bytes, size_t length)
{
	void *new = malloc(length);
	return new ? memcpy(new, bytes, length) : NULL;
}

/* Makes room for what the client sent. */
static bool furnish(struct stream *stream, const struct stream_open *open)
{
	stream->body_expected = (size_t)open->body_length;
	stream->body = malloc(stream->body_expected + 1); /* not malloc(0) */
	stream->sealed_length = open->lease.length;
	stream->sealed = copy(open->lease.data, open->lease.length);
	stream->passed.length = open->passed.length;
	stream->passed.data = open->passed.length > 0 ? copy(open->passed.data, open->passed.length) : NULL;
	return stream->body && stream->sealed && (open->passed.length == 0 || stream->passed.data);
}

static struct stream *new_stream(struct proxyd *proxyd, const struct stream_open *open)
{
	struct stream *stream = malloc(sizeof(*stream));
	if (!stream)
		return NULL;
	memset(stream, 0, offsetof(struct stream, scan));
	stream->proxyd = proxyd;
	stream->total = (struct loop_timer){.expired = total_expired, .arg = stream};
	stream->served = "";
	memcpy(stream->client, open->client, sizeof(stream->client));
	if (furnish(stream, open))
		return stream;
	free((void *)stream->passed.data);
	free(stream->body);
	free(stream->sealed);
	free(stream);
	return NULL;
}

static void start_stream(struct stream *stream, uint64_t id, const struct lease *lease)
{
	struct proxyd *proxyd = stream->proxyd;
	stream->lease = *lease;
	stream->routes = routes_hold(proxyd->routes);
	reply_start(&stream->reply, proxyd->edge, id, &stream->lease);
	stream->opened_ms = loop_now();
	stream->opened_wall = loop_wall();
	streams_add(&proxyd->streams, stream);
	proxyd->streams.body_bytes += stream->body_expected;
	loop_timer_set(&stream->total, (uint64_t)proxyd->conf->total_timeout);
}

/* --- the request body --- */

static void body_complete(struct stream *stream)
{
	if (wire_route_info(stream->lease.route)->serve == SERVE_LIST) {
		catalogue_answer(stream);
		return;
	}
	enum problem problem = request_judge(&stream->scan.request, stream->lease.model);
	if (problem == PROBLEM_NONE)
		problem = request_judge_images(&stream->scan.request, stream->body, stream->body_length, &stream->lease.scope);
	if (problem != PROBLEM_NONE)
		stream_fail(stream, problem);
	else
		attempt_begin(stream);
}

static void give_credit(struct stream *stream)
{
	struct stream_credit credit = {.bytes = (uint32_t)stream->body_credit};
	struct wire_out *out = ipc_begin(stream->proxyd->edge, MSG_STREAM_CREDIT, 0, stream->reply.id);
	if (!out)
		return;
	stream_credit_encode(out, &credit);
	ipc_end(stream->proxyd->edge);
	stream->body_credit = 0;
}

static enum wire_error take_body(struct stream *stream, const uint8_t *bytes, size_t length, bool is_last)
{
	if (length > stream->body_expected - stream->body_length ||
	    is_last != (stream->body_length + length == stream->body_expected)) {
		cancel(stream, NULL);
		return WIRE_BAD_VALUE;
	}
	if (length > 0)
		memcpy(stream->body + stream->body_length, bytes, length);
	request_feed(&stream->scan.request, stream->body + stream->body_length, length);
	stream->body_length += length;
	stream->body_credit += length;
	if (is_last)
		body_complete(stream);
	else if (stream->body_credit >= WIRE_CHUNK_MAX)
		give_credit(stream);
	return WIRE_OK;
}

/* --- frames --- */

static enum wire_error read_open(const struct wire_frame *frame, struct stream_open *open)
{
	struct wire_in in;
	wire_in_init(&in, frame->body, frame->length);
	return stream_open_decode(&in, open);
}

enum wire_error stream_open(struct proxyd *proxyd, const struct wire_frame *frame)
{
	static struct lease lease; /* large, and copied when it is good */
	struct stream_open open;
	struct stream *stream = NULL;

	enum wire_error error = read_open(frame, &open);
	if (error == WIRE_OK && streams_find(&proxyd->streams, frame->id))
		error = WIRE_BAD_VALUE;
	if (error == WIRE_OK)
		error = check_lease(proxyd, open.lease, &lease);
	if (error == WIRE_OK && !passed_is_good(open.passed, wire_route_info(lease.route)))
		error = WIRE_BAD_VALUE;
	if (error != WIRE_OK)
		return error;
	enum problem problem = check_room(proxyd, &open, &lease);
	if (problem == PROBLEM_NONE && !(stream = new_stream(proxyd, &open)))
		problem = PROBLEM_BUSY;
	if (problem != PROBLEM_NONE) {
		refuse(proxyd, frame->id, &open, &lease, problem);
		return WIRE_OK;
	}
	start_stream(stream, frame->id, &lease);
	if (!request_start(&stream->scan.request, wire_route_info(lease.route), open.passed)) {
		stream_fail(stream, PROBLEM_BAD_BODY);
		return WIRE_OK;
	}
	return take_body(stream, open.body.data, open.body.length, frame->flags & WIRE_FLAG_END);
}

/* Frames for a stream that is over were on their way when it ended. */
enum wire_error stream_body(struct proxyd *proxyd, const struct wire_frame *frame)
{
	struct stream *stream = streams_find(&proxyd->streams, frame->id);
	if (!stream || stream->state != STREAM_COLLECTING)
		return WIRE_OK;
	return take_body(stream, frame->body, frame->length, frame->flags & WIRE_FLAG_END);
}

/* Sends what the client has room for now, and lets the upstream go on. */
static void move_on(struct stream *stream)
{
	reply_push(&stream->reply);
	if (stream->state == STREAM_COLLECTING && stream->body_credit >= WIRE_CHUNK_MAX)
		give_credit(stream); /* for which there was no room before */
	if (stream->reply.told)
		close_stream(stream);
	else if (stream->call && !reply_is_full(&stream->reply))
		upstream_resume(stream->call);
}

enum wire_error stream_credit(struct proxyd *proxyd, const struct wire_frame *frame)
{
	struct stream_credit credit;
	struct wire_in in;
	struct stream *stream = streams_find(&proxyd->streams, frame->id);

	wire_in_init(&in, frame->body, frame->length);
	enum wire_error error = stream_credit_decode(&in, &credit);
	if (error != WIRE_OK || !stream)
		return error;
	reply_credit(&stream->reply, credit.bytes);
	move_on(stream);
	return WIRE_OK;
}

enum wire_error stream_cancel(struct proxyd *proxyd, const struct wire_frame *frame)
{
	struct stream *stream = streams_find(&proxyd->streams, frame->id);
	if (stream)
		cancel(stream, NULL);
	return WIRE_OK;
}

/* --- all streams --- */

void stream_cancel_all(struct proxyd *proxyd)
{
	streams_each(&proxyd->streams, cancel, NULL);
}

static void revoke_one(struct stream *stream, const void *arg)
{
	const struct auth_revoke *revoke = arg;
	if (stream->lease.generation < revoke->generation && strcmp(stream->lease.key_id, revoke->key_id) == 0)
		stream_fail(stream, PROBLEM_REVOKED);
}

void stream_revoke(struct proxyd *proxyd, const struct auth_revoke *revoke)
{
	streams_each(&proxyd->streams, revoke_one, revoke);
}

static void keep_one(struct stream *stream, const void *arg)
{
	const uint64_t *age_ms = arg;
	struct ipc_link *limiterd = stream->proxyd->limiterd;
	bool is_old = loop_now() - stream->opened_ms >= *age_ms;
	struct wire_out *out = is_old && stream->sealed ? ipc_begin(limiterd, MSG_LIMIT_KEEP, 0, stream->reply.id) : NULL;
	if (out) {
		wire_put_fixed(out, stream->sealed, stream->sealed_length);
		ipc_end(limiterd);
	}
	move_on(stream);
}

void stream_keep_all(struct proxyd *proxyd, uint64_t age_ms)
{
	streams_each(&proxyd->streams, keep_one, &age_ms);
}
