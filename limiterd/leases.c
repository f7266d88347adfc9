#include "leases.h"

#include <stdio.h>
#include <string.h>

#include "../proto/daemon/ipc.h"
#include "../proto/daemon/keyfile.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/secret.h"

static struct {
	struct decider *decider;
	struct ipc_link *proxyd;
	const uint8_t *key;
} leases;

struct wire_bytes leases_seal(const struct lease *lease, uint8_t *sealed)
{
	struct wire_out stamp;
	wire_out_init(&stamp, sealed, LEASE_MAX);
	lease_seal(&stamp, lease, leases.key);
	CHECK(stamp.error == WIRE_OK);
	return (struct wire_bytes){stamp.data, stamp.length};
}

/* --- leases --- */

/* Whoever takes over proxyd can seal leases; one that reserves more than any can is not counted with. */
static enum wire_error open_lease(struct wire_bytes sealed, struct lease *lease)
{
	enum wire_error error = lease_open_any_time(sealed, leases.key, lease);
	return error == WIRE_OK && lease->tokens > BUCKET_COST_MAX ? WIRE_BAD_VALUE : error;
}

static enum wire_error kept(const struct wire_frame *frame)
{
	struct lease lease;
	struct wire_bytes sealed = {frame->body, frame->length};
	enum wire_error error = open_lease(sealed, &lease);
	return error == WIRE_OK ? decider_keep(leases.decider, &lease) : error;
}

static enum wire_error settle_asked(const struct wire_frame *frame)
{
	struct limit_settle settle;
	struct lease lease;
	struct wire_in in;
	wire_in_init(&in, frame->body, frame->length);
	enum wire_error error = limit_settle_decode(&in, &settle);
	if (error == WIRE_OK)
		error = open_lease(settle.lease, &lease);
	if (error == WIRE_OK)
		error = decider_settle(leases.decider, frame->id, &lease, settle.tokens, settle.charged);
	return error;
}

static void settled(void *arg, uint64_t id)
{
	(void)arg;
	ipc_send_empty(leases.proxyd, MSG_LIMIT_SETTLED, id);
}

static enum wire_error move_asked(const struct wire_frame *frame)
{
	struct limit_move asked;
	struct move move = {.id = frame->id};
	struct wire_in in;
	wire_in_init(&in, frame->body, frame->length);
	enum wire_error error = limit_move_decode(&in, &asked);
	if (error == WIRE_OK)
		error = open_lease(asked.lease, &move.lease);
	if (error != WIRE_OK)
		return error;
	move.target = asked.target;
	memcpy(move.upstream, asked.upstream, sizeof(move.upstream));
	decider_move(leases.decider, &move);
	return WIRE_OK;
}

/* A lease that proxyd cannot be told of goes on where it is, and is settled by its id all the same. */
static void moved(void *arg, const struct move *move, bool done)
{
	uint8_t sealed[LEASE_MAX];
	struct limit_moved answer = {0};
	struct wire_out *out = ipc_begin(leases.proxyd, MSG_LIMIT_MOVED, 0, move->id);
	(void)arg;
	if (!out)
		return;
	if (done)
		answer.lease = leases_seal(&move->lease, sealed);
	limit_moved_encode(out, &answer);
	ipc_end(leases.proxyd);
}

/* --- upstreams --- */

/* One that models.json does not name has no slots. */
static void send_pool(uint64_t id, const char *upstream)
{
	const struct pool *pool = decider_pool(leases.decider, upstream);
	struct limit_pool answer = {0};
	struct wire_out *out = ipc_begin(leases.proxyd, MSG_LIMIT_POOL, 0, id);
	if (!out)
		return;
	snprintf(answer.name, sizeof(answer.name), "%s", upstream);
	if (pool) {
		answer.slots = pool->slots;
		answer.in_use = pool->in_use;
		answer.waiting = pool->waiting;
	}
	limit_pool_encode(out, &answer);
	ipc_end(leases.proxyd);
}

static enum wire_error availability_told(const struct wire_frame *frame)
{
	struct limit_upstream told;
	struct wire_in in;
	wire_in_init(&in, frame->body, frame->length);
	enum wire_error error = limit_upstream_decode(&in, &told);
	if (error == WIRE_OK)
		error = news_available(&leases.decider->targets.news, told.name, told.available);
	if (error == WIRE_OK)
		send_pool(frame->id, told.name);
	return error;
}

static enum wire_error offer_told(const struct wire_frame *frame)
{
	struct limit_offer offer;
	struct wire_in in;
	wire_in_init(&in, frame->body, frame->length);
	enum wire_error error = limit_offer_decode(&in, &offer);
	return error == WIRE_OK ? news_offer(&leases.decider->targets.news, &offer) : error;
}

/* --- the link --- */

static enum wire_error proxyd_frame(void *arg, const struct wire_frame *frame)
{
	static const struct {
		uint16_t type;
		enum wire_error (*handle)(const struct wire_frame *frame);
	} handlers[] = {
		{MSG_LIMIT_KEEP, kept},        {MSG_LIMIT_SETTLE, settle_asked},
		{MSG_LIMIT_MOVE, move_asked},  {MSG_LIMIT_UPSTREAM, availability_told},
		{MSG_LIMIT_OFFER, offer_told},
	};
	(void)arg;
	for (size_t i = 0; i < sizeof(handlers) / sizeof(*handlers); i++)
		if (handlers[i].type == frame->type)
			return handlers[i].handle(frame);
	return WIRE_OK;
}

static void proxyd_down(void *arg)
{
	(void)arg;
	decider_proxyd_gone(leases.decider);
}

bool leases_have_proxyd(void)
{
	return ipc_is_up(leases.proxyd);
}

/* --- start and end --- */

void leases_acquire(const char *state)
{
	leases.key = keyfile_load(state, "lease.key");
}

void leases_open(struct decider *decider)
{
	static const struct ipc_events from_proxyd = {.frame = proxyd_frame, .down = proxyd_down};
	static const struct decider_events from_decider = {settled, moved};
	leases.decider = decider;
	decider_open(decider, &from_decider, NULL);
	leases.proxyd = ipc_open(LINK_PROXYD_LIMITERD, ROLE_LIMITERD, &from_proxyd, NULL);
}

void leases_close(void)
{
	secret_free(leases.key);
}
