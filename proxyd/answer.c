#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"
#include "attempt.h"
#include "catalogue.h"
#include "passed.h"
#include "proxyd.h"
#include "stream.h"
#include "wrap.h"

static struct route_upstream *route_of(const struct stream *stream)
{
	return &stream->routes->upstreams[stream->upstream];
}

static const char *name_of_upstream(const struct stream *stream)
{
	return stream->routes->models->upstreams[stream->upstream].name;
}

/* --- how it went, for whoever comes after --- */

static void note_failure(struct stream *stream, const char *reason)
{
	circuit_failed(&route_of(stream)->standing->circuit, loop_now(), reason);
}

static void log_failure(const struct stream *stream, const char *reason)
{
	log_warn("upstream-failed", "id=%s upstream=%s reason=%s", log_request(stream->lease.request_id),
	         log_text(name_of_upstream(stream)), log_text(reason));
}

static const unsigned causes[PROBLEM_COUNT] = {
	[PROBLEM_UNREACHABLE] = FALLBACK_CONNECT,
	[PROBLEM_CONNECT_TIMEOUT] = FALLBACK_CONNECT,
	[PROBLEM_FIRST_BYTE_TIMEOUT] = FALLBACK_TIMEOUT,
	[PROBLEM_ENCODED] = FALLBACK_5XX,
	[PROBLEM_PAGE] = FALLBACK_5XX,
	[PROBLEM_NO_STREAM] = FALLBACK_5XX,
	[PROBLEM_WRONG_TYPE] = FALLBACK_5XX,
	[PROBLEM_REDIRECTED] = FALLBACK_5XX,
};

/* Why another target may be asked; 0 when others would answer the same. */
static unsigned cause_of(const struct stream *stream, enum problem problem)
{
	if (stream->answer == ANSWER_ERROR && (problem == PROBLEM_NONE || problem == PROBLEM_BROKEN))
		return stream->head.status == 429 ? FALLBACK_429 : stream->head.status >= 500 ? FALLBACK_5XX : 0;
	return problem == PROBLEM_BROKEN ? FALLBACK_CONNECT : causes[problem];
}

/* The client has been told nothing. */
static void fail(struct stream *stream, enum problem problem)
{
	attempt_failed(stream, cause_of(stream, problem), problem);
}

static void sent(void *arg)
{
	struct stream *stream = arg;
	stream->charged = true;
	stream->sent_us = loop_micros();
}

/* --- the head --- */

/* JSON, whole or in pieces.  A server that does not say what it sends is believed to send that. */
static bool is_json(const struct head *head)
{
	return head->content_type[0] == '\0' || head_is(head, "application/json") || head_is(head, "text/event-stream") ||
	       head_is(head, "application/x-ndjson");
}

/* Answers that are none for the client. */
static enum problem judge_head(const struct stream *stream, const struct head *head)
{
	enum wire_shape shape = stream->reply.client.shape;
	bool counted = shape != SHAPE_PLAIN && shape != SHAPE_MEDIA;
	if (head->encoded)
		return PROBLEM_ENCODED;
	if (head->status >= 300 && head->status < 400)
		return PROBLEM_REDIRECTED;
	if (head->status < 300 && head_is(head, "text/html"))
		return PROBLEM_PAGE;
	if (head->status < 300 && counted && !is_json(head))
		return PROBLEM_WRONG_TYPE;
	if (head->status < 300 && stream->wants_events && !head_is(head, "text/event-stream"))
		return PROBLEM_NO_STREAM;
	if (head->status == 401 || head->status == 403)
		return PROBLEM_CREDENTIAL;
	return PROBLEM_NONE;
}

static void pass_head(struct stream *stream)
{
	const struct head *head = &stream->head;
	bool streaming = stream->answer == ANSWER_EVENTS || stream->answer == ANSWER_LINES;
	struct stream_head out;
	out.status = (uint16_t)head->status;
	out.streaming = streaming;
	out.length_known = head->length_known && !streaming;
	out.length = out.length_known ? head->length : 0;
	out.headers[0] = '\0';
	memcpy(out.content_type, head->content_type, sizeof(out.content_type));
	reply_head(&stream->reply, &out);
}

static void pass_bytes(void *arg, const char *bytes, size_t length)
{
	reply_data(arg, bytes, length);
}

static enum stream_answer kind_of(const struct stream *stream, const struct head *head)
{
	if (head->status >= 400)
		return ANSWER_ERROR;
	if (stream->catalogue)
		return ANSWER_LIST;
	enum wire_shape shape = wire_route_info(stream->lease.route)->shape;
	if (shape == SHAPE_LINES)
		return head_is(head, "application/x-ndjson") ? ANSWER_LINES : ANSWER_PLAIN;
	return shape != SHAPE_PLAIN && head_is(head, "text/event-stream") ? ANSWER_EVENTS : ANSWER_PLAIN;
}

static void start(struct stream *stream)
{
	const struct api_client *client = &stream->reply.client;
	if (stream->answer == ANSWER_EVENTS) {
		sse_start(&stream->scan.events, client, stream->strips_usage, pass_bytes, &stream->reply);
		pass_head(stream);
	} else if (stream->answer == ANSWER_LINES) {
		lines_start(&stream->scan.lines, client, pass_bytes, &stream->reply);
		pass_head(stream);
	} else if (stream->answer == ANSWER_PLAIN) {
		tally_start(&stream->scan.tally, client->shape);
		tally_object_start(&stream->scan.tally);
	}
}

static void take_head(void *arg, const struct head *head)
{
	struct stream *stream = arg;
	enum problem problem = judge_head(stream, head);

	stream->first_byte_us = loop_micros();
	circuit_answered(&route_of(stream)->standing->circuit, loop_now(), head->status);
	if (problem != PROBLEM_NONE) {
		log_failure(stream, problem_error(problem)->message);
		answer_leave(stream);
		fail(stream, problem);
		return;
	}
	stream->state = STREAM_ANSWERING;
	stream->answer = kind_of(stream, head);
	stream->head = *head;
	start(stream);
}

/* --- the body --- */

/* Of an error, the beginning is enough. */
static bool keep(struct stream *stream, const char *bytes, size_t length)
{
	size_t wanted = stream->kept_length + length;
	if (stream->answer == ANSWER_ERROR && wanted > WRAP_BODY_MAX)
		return true;
	char *kept = wanted <= ANSWER_KEPT_MAX ? realloc(stream->kept, wanted) : NULL;
	if (!kept)
		return false;
	memcpy(kept + stream->kept_length, bytes, length);
	stream->kept = kept;
	stream->kept_length = wanted;
	return true;
}

static void pass_kept(struct stream *stream)
{
	if (stream->reply.status == 0)
		pass_head(stream);
	reply_data(&stream->reply, stream->kept, stream->kept_length);
	stream->kept_length = 0;
}

/* A piece goes when the next one has come: as long as the last one is here, a long answer that turns out to be cut
 * cannot be taken for whole.  Of JSON nobody can read half, so that a short answer stays here and can become a proper
 * error, in however many pieces it comes. */
static bool take_plain(struct stream *stream, const char *bytes, size_t length)
{
	bool is_short = stream->reply.status == 0 && stream->kept_length + length <= ANSWER_SHORT_MAX;
	tally_feed(&stream->scan.tally, bytes, length);
	if (stream->kept_length > 0 && !(is_short && head_is(&stream->head, "application/json")))
		pass_kept(stream);
	return keep(stream, bytes, length);
}

static bool take_data(void *arg, const char *bytes, size_t length)
{
	struct stream *stream = arg;
	if (length == 0)
		return true;
	if (reply_is_full(&stream->reply))
		return false;
	bool taken = true;
	if (stream->answer == ANSWER_EVENTS)
		sse_feed(&stream->scan.events, bytes, length);
	else if (stream->answer == ANSWER_LINES)
		lines_feed(&stream->scan.lines, bytes, length);
	else if (stream->answer == ANSWER_PLAIN)
		taken = take_plain(stream, bytes, length);
	else
		taken = keep(stream, bytes, length);
	if (!taken && stream->answer == ANSWER_LIST) {
		answer_leave(stream);
		fail(stream, PROBLEM_BAD_LIST);
	} else if (!taken || stream->reply.broken) {
		stream_fail(stream, PROBLEM_BUSY);
	}
	return true;
}

/* --- the end --- */

/* Whether a stream was complete is said by the stream, not by the end of its connection. */
static void end_stream(struct stream *stream, enum problem problem)
{
	stream_fail(stream, problem == PROBLEM_NONE ? PROBLEM_UNFINISHED : problem);
}

/* HTTP may say that all is well where the JSON says that it is not. */
static void end_plain(struct stream *stream, enum problem problem)
{
	bool is_cut = tally_object_end(&stream->scan.tally) == TALLY_CUT;
	bool whole = !is_cut || !head_is(&stream->head, "application/json");
	if (problem == PROBLEM_NONE && !whole)
		problem = PROBLEM_BROKEN;
	if (problem != PROBLEM_NONE) {
		stream_fail(stream, problem);
		return;
	}
	pass_kept(stream);
	stream_finish(stream, STREAM_COMPLETE, "");
}

void answer_tell(struct stream *stream)
{
	char text[API_ERROR_MAX];
	const char *body = stream->kept ? stream->kept : "";
	size_t wrapped = wrap_body(&stream->reply.client, stream->head.status, body, stream->kept_length, text);
	reply_body(&stream->reply, wrap_status(stream->head.status), stream->head.retry, wrapped ? text : body,
	           wrapped ? wrapped : stream->kept_length);
	stream_finish(stream, STREAM_COMPLETE, "upstream_error");
}

/* An answer that never began, or is an error. */
static void end_untold(struct stream *stream, enum problem problem)
{
	if (problem == PROBLEM_NONE && stream->answer == ANSWER_NONE)
		problem = PROBLEM_BROKEN;
	fail(stream, problem);
}

static void ended(void *arg, enum problem problem, const char *reason)
{
	struct stream *stream = arg;
	stream->call = NULL;
	route_of(stream)->standing->requests--;
	if (problem != PROBLEM_NONE)
		log_failure(stream, reason);
	if (problem != PROBLEM_NONE && stream->answer == ANSWER_NONE)
		note_failure(stream, reason);
	if (stream->answer == ANSWER_EVENTS || stream->answer == ANSWER_LINES)
		end_stream(stream, problem);
	else if (stream->answer == ANSWER_PLAIN)
		end_plain(stream, problem);
	else if (stream->answer == ANSWER_LIST && problem == PROBLEM_NONE)
		catalogue_finish(stream);
	else
		end_untold(stream, problem);
}

static const struct upstream_events events = {sent, take_head, take_data, ended};

/* What an attempt before this one left. */
static void forget_answer(struct stream *stream)
{
	if (stream->headers)
		passed_free(stream->headers, stream->base_headers);
	stream->answer = ANSWER_NONE;
	stream->kept_length = 0;
	stream->first_byte_us = 0;
}

void answer_ask(struct stream *stream, const char *url, const char *body)
{
	struct route_upstream *route = route_of(stream);
	forget_answer(stream);
	stream->base_headers = body ? route->headers : route->own_headers;
	stream->headers = passed_join(stream->passed, stream->base_headers);
	struct upstream_request request = {
		.way = &route->way,
		.url = url,
		.headers = stream->headers,
		.body = body,
		.length = stream->edited ? stream->edited_length : stream->body_length,
	};
	stream->state = STREAM_ASKING;
	stream->call = upstream_ask(&request, &events, stream);
	if (stream->call)
		route->standing->requests++;
	else
		stream_fail(stream, PROBLEM_BUSY);
}

void answer_leave(struct stream *stream)
{
	if (!stream->call)
		return;
	upstream_cancel(stream->call);
	stream->call = NULL;
	route_of(stream)->standing->requests--;
}

bool answer_end(struct stream *stream, enum problem problem)
{
	return stream->answer == ANSWER_EVENTS ? sse_end(&stream->scan.events, problem)
	                                       : lines_end(&stream->scan.lines, problem);
}

void answer_free(struct stream *stream)
{
	if (stream->answer == ANSWER_EVENTS)
		sse_free(&stream->scan.events);
	else if (stream->answer == ANSWER_LINES)
		lines_free(&stream->scan.lines);
	if (stream->headers)
		passed_free(stream->headers, stream->base_headers);
	free(stream->kept);
}
