#include "attempt.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"
#include "answer.h"
#include "backoff.h"
#include "catalogue.h"
#include "proxyd.h"
#include "stream.h"

enum { SLOT_WAIT_MS = 3000 }; /* limiterd says at once, or after Redis, whether there is one; its word may be lost */

static const struct target *target_at(const struct stream *stream, size_t index)
{
	return &stream->attempt.model->targets[index];
}

static const struct upstream *upstream_at(const struct stream *stream, size_t index)
{
	return &stream->routes->models->upstreams[target_at(stream, index)->upstream];
}

static struct circuit *circuit_at(const struct stream *stream, size_t index)
{
	return &stream->routes->upstreams[target_at(stream, index)->upstream].standing->circuit;
}

static bool needs_slot(const struct stream *stream)
{
	return wire_route_info(stream->lease.route)->cost != COST_FREE;
}

void attempt_leave(struct stream *stream)
{
	loop_timer_clear(&stream->attempt.again);
	stream->attempt.moving = false;
}

/* Nobody else is asked: tells what the last one said, or what was wrong with it. */
static void give_up(struct stream *stream)
{
	if (stream->attempt.problem == PROBLEM_NONE)
		answer_tell(stream);
	else
		stream_fail(stream, stream->attempt.problem);
}

/* --- the request for one target --- */

/* The body as that target is to have it. */
static enum problem make_body(struct stream *stream, const struct target *target)
{
	struct edits edits = {0};
	bool renamed = strcmp(stream->served, stream->lease.model) != 0;
	struct change change = {.model = renamed ? stream->served : NULL, .usage = stream->strips_usage, .target = target};

	free(stream->edited);
	stream->edited = NULL;
	stream->edited_length = 0;
	if (!request_edit(&stream->scan.request, stream->body, stream->body_length, &change, &edits))
		return PROBLEM_BAD_BODY;
	if (edits.count == 0)
		return PROBLEM_NONE;
	stream->edited_length = edits_length(&edits, stream->body_length);
	stream->edited = malloc(stream->edited_length);
	if (!stream->edited)
		return PROBLEM_BUSY;
	edits_apply(&edits, stream->body, stream->body_length, stream->edited);
	return PROBLEM_NONE;
}

static void ask(struct stream *stream)
{
	const struct target *target = target_at(stream, stream->attempt.target);
	stream->upstream = target->upstream;
	stream->served = target->model[0] != '\0' ? target->model : stream->attempt.name;
	enum problem problem = make_body(stream, target);
	if (problem != PROBLEM_NONE) {
		stream_fail(stream, problem);
		return;
	}
	struct route_upstream *route = &stream->routes->upstreams[target->upstream];
	answer_ask(stream, route->urls[stream->lease.route], stream->edited ? stream->edited : stream->body);
}

/* --- the next target --- */

/* Who may only go to what is local goes nowhere else, whatever the lease says. */
static enum problem judge(const struct stream *stream, size_t index)
{
	const struct upstream *upstream = upstream_at(stream, index);
	if (stream->lease.scope.local_only && !upstream->local)
		return PROBLEM_NO_MODEL;
	return upstream_offers(upstream, stream->lease.route) ? PROBLEM_NONE : PROBLEM_NOT_OFFERED;
}

static bool may_follow(const struct stream *stream, size_t index)
{
	bool tried = stream->attempt.tried >> index & 1;
	return !tried && !target_at(stream, index)->drain && judge(stream, index) == PROBLEM_NONE &&
	       circuit_is_available(circuit_at(stream, index), loop_now());
}

static void go_on(struct stream *stream);

/* There is no slot at the target. */
static void stay(void *arg)
{
	struct stream *stream = arg;
	attempt_leave(stream);
	go_on(stream);
}

/* The slot of the lease is exchanged for one at the target. */
static void ask_for_slot(struct stream *stream)
{
	struct attempt *attempt = &stream->attempt;
	struct limit_move move = {.lease = {stream->sealed, stream->sealed_length}, .target = (uint8_t)attempt->target};
	struct ipc_link *limiterd = stream->proxyd->limiterd;
	struct wire_out *out = ipc_begin(limiterd, MSG_LIMIT_MOVE, 0, stream->reply.id);

	memcpy(move.upstream, upstream_at(stream, attempt->target)->name, sizeof(move.upstream));
	stream->state = STREAM_WAITING;
	if (!out) {
		go_on(stream);
		return;
	}
	attempt->moving = true;
	attempt->again = (struct loop_timer){.expired = stay, .arg = stream};
	loop_timer_set(&attempt->again, SLOT_WAIT_MS);
	limit_move_encode(out, &move);
	ipc_end(limiterd);
}

static void visit(struct stream *stream);

static void go_on(struct stream *stream)
{
	struct attempt *attempt = &stream->attempt;
	size_t count = model_targets(attempt->model), next = 0;

	attempt->tried |= 1u << attempt->target;
	while (next < count && !may_follow(stream, next))
		next++;
	if (next == count) {
		give_up(stream);
		return;
	}
	attempt->target = next;
	attempt->repeats = 0;
	if (needs_slot(stream) && strcmp(upstream_at(stream, next)->name, stream->lease.upstream) != 0)
		ask_for_slot(stream);
	else
		visit(stream);
}

static void visit(struct stream *stream)
{
	size_t target = stream->attempt.target;
	enum problem problem = judge(stream, target);
	if (problem == PROBLEM_NONE && !circuit_admit(circuit_at(stream, target), loop_now()))
		problem = PROBLEM_CLOSED;
	if (problem == PROBLEM_NONE) {
		ask(stream);
		return;
	}
	if (stream->attempt.tried == 0 && stream->attempt.repeats == 0)
		stream->attempt.problem = problem; /* else the reason to be here says more */
	if (problem == PROBLEM_CLOSED && !(stream->attempt.model->fallback_on & FALLBACK_CONNECT))
		give_up(stream);
	else
		go_on(stream);
}

/* --- the same again --- */

static void again(void *arg)
{
	visit(arg);
}

/* -1: not again. */
static int64_t time_to_repeat(const struct stream *stream)
{
	const struct attempt *attempt = &stream->attempt;
	bool answered = stream->answer != ANSWER_NONE;
	if (attempt->repeats >= attempt->model->retries)
		return -1;
	return backoff_ms(attempt->repeats, answered ? backoff_asked(stream->head.retry) : 0, randombytes_random());
}

void attempt_failed(struct stream *stream, unsigned cause, enum problem problem)
{
	struct attempt *attempt = &stream->attempt;
	attempt->problem = problem;
	if (stream->catalogue && catalogue_go_on(stream))
		return;
	if (!attempt->model || !(attempt->model->fallback_on & cause)) {
		give_up(stream);
		return;
	}
	int64_t wait = time_to_repeat(stream);
	if (wait < 0) {
		go_on(stream);
		return;
	}
	attempt->repeats++;
	attempt->again = (struct loop_timer){.expired = again, .arg = stream};
	stream->state = STREAM_WAITING;
	loop_timer_set(&attempt->again, (uint64_t)wait);
}

/* --- the first --- */

/* What needs no slot was given no target. */
static size_t first_target(const struct stream *stream)
{
	for (size_t i = 0; i < model_targets(stream->attempt.model); i++)
		if (may_follow(stream, i))
			return i;
	return 0;
}

/* The slot that was leased is the one of the target to which the request goes. */
static enum problem find_target(struct stream *stream)
{
	const struct lease *lease = &stream->lease;
	struct attempt *attempt = &stream->attempt;
	attempt->name = lease->model;
	attempt->model = models_route(stream->routes->models, &attempt->name);
	if (!attempt->model)
		return PROBLEM_NO_MODEL;
	attempt->target = needs_slot(stream) ? lease->target : first_target(stream);
	if (!needs_slot(stream))
		return PROBLEM_NONE;
	if (lease->target >= model_targets(attempt->model) ||
	    strcmp(upstream_at(stream, lease->target)->name, lease->upstream) != 0)
		return PROBLEM_MOVED;
	return PROBLEM_NONE;
}

void attempt_begin(struct stream *stream)
{
	const struct request *request = &stream->scan.request;
	enum problem problem = find_target(stream);
	if (problem != PROBLEM_NONE) {
		stream_fail(stream, problem);
		return;
	}
	stream->wants_events = request_wants_events(request);
	stream->strips_usage = request_wants_chunks(request) && !request_wants_usage(request);
	visit(stream);
}

/* --- limiterd's answers --- */

/* The lease as it is now takes the place of the old one. */
static bool take_lease(struct stream *stream, struct wire_bytes sealed)
{
	static struct lease lease; /* large */
	const struct upstream *upstream = upstream_at(stream, stream->attempt.target);
	if (lease_open_any_time(sealed, stream->proxyd->lease_key, &lease) != WIRE_OK ||
	    sodium_memcmp(lease.id, stream->lease.id, sizeof(lease.id)) != 0 || lease.target != stream->attempt.target ||
	    strcmp(lease.upstream, upstream->name) != 0)
		return false;
	uint8_t *copy = malloc(sealed.length);
	CHECK(copy != NULL);
	memcpy(copy, sealed.data, sealed.length);
	free(stream->sealed);
	stream->sealed = copy;
	stream->sealed_length = sealed.length;
	stream->lease.target = lease.target;
	memcpy(stream->lease.upstream, lease.upstream, sizeof(lease.upstream));
	return true;
}

static struct stream *find_moving(struct proxyd *proxyd, uint64_t id)
{
	struct stream *stream = streams_find(&proxyd->streams, id);
	return stream && stream->attempt.moving ? stream : NULL;
}

enum wire_error attempt_moved(struct proxyd *proxyd, const struct wire_frame *frame)
{
	struct stream *stream = find_moving(proxyd, frame->id);
	struct limit_moved moved;
	struct wire_in in;
	wire_in_init(&in, frame->body, frame->length);
	enum wire_error error = limit_moved_decode(&in, &moved);
	if (error != WIRE_OK || !stream)
		return error;
	if (moved.lease.length == 0) {
		stay(stream);
		return WIRE_OK;
	}
	if (!take_lease(stream, moved.lease)) {
		stay(stream);
		return WIRE_BAD_VALUE;
	}
	attempt_leave(stream);
	visit(stream);
	return WIRE_OK;
}

void attempt_not_moved(struct proxyd *proxyd, uint64_t id)
{
	struct stream *stream = find_moving(proxyd, id);
	if (stream)
		stay(stream);
}

static void lose(struct stream *stream, const void *arg)
{
	(void)arg;
	if (stream->attempt.moving)
		stay(stream);
}

void attempt_lost(struct proxyd *proxyd)
{
	streams_each(&proxyd->streams, lose, NULL);
}
