#include "links.h"

#include "../proto/daemon/recorder.h"
#include "admit.h"
#include "exchange.h"
#include "grants.h"
#include "ready.h"

static struct ipc_link *links[HOP_COUNT];

struct ipc_link *links_to(enum hop hop)
{
	return links[hop];
}

/* --- replies: each finds its exchange in the state that waits for it --- */

static enum wire_error take_grant(struct exchange *exchange, struct wire_in *in)
{
	admit_granted(exchange, wire_get_rest(in));
	return WIRE_OK;
}

static enum wire_error take_deny(struct exchange *exchange, struct wire_in *in)
{
	struct auth_deny deny;
	enum wire_error error = auth_deny_decode(in, &deny);
	if (error == WIRE_OK)
		admit_denied(exchange, &deny);
	return error;
}

static enum wire_error take_lease(struct exchange *exchange, struct wire_in *in)
{
	struct limit_lease lease;
	enum wire_error error = limit_lease_decode(in, &lease);
	if (error == WIRE_OK)
		admit_leased(exchange, &lease);
	return error;
}

static enum wire_error take_limit(struct exchange *exchange, struct wire_in *in)
{
	struct limit_deny deny;
	enum wire_error error = limit_deny_decode(in, &deny);
	if (error == WIRE_OK)
		admit_limited(exchange, &deny);
	return error;
}

static enum wire_error take_head(struct exchange *exchange, struct wire_in *in)
{
	struct stream_head head;
	enum wire_error error = stream_head_decode(in, &head);
	return error == WIRE_OK ? forward_head(exchange, &head) : error;
}

static enum wire_error take_data(struct exchange *exchange, struct wire_in *in)
{
	return forward_data(exchange, wire_get_rest(in));
}

static enum wire_error take_trailer(struct exchange *exchange, struct wire_in *in)
{
	struct stream_trailer trailer;
	enum wire_error error = stream_trailer_decode(in, &trailer);
	if (error == WIRE_OK)
		forward_trailer(exchange, &trailer);
	return error;
}

static enum wire_error take_credit(struct exchange *exchange, struct wire_in *in)
{
	struct stream_credit credit;
	enum wire_error error = stream_credit_decode(in, &credit);
	if (error == WIRE_OK)
		forward_credit(exchange, &credit);
	return error;
}

static const struct {
	enum wire_type type;
	enum exchange_state state;
	enum wire_error (*take)(struct exchange *exchange, struct wire_in *in);
} replies[] = {
	{MSG_AUTH_GRANT, EXCHANGE_AUTH, take_grant},          {MSG_AUTH_DENY, EXCHANGE_AUTH, take_deny},
	{MSG_LIMIT_LEASE, EXCHANGE_LIMIT, take_lease},        {MSG_LIMIT_DENY, EXCHANGE_LIMIT, take_limit},
	{MSG_STREAM_HEAD, EXCHANGE_FORWARD, take_head},       {MSG_STREAM_DATA, EXCHANGE_FORWARD, take_data},
	{MSG_STREAM_TRAILER, EXCHANGE_FORWARD, take_trailer}, {MSG_STREAM_CREDIT, EXCHANGE_FORWARD, take_credit},
};

/* That nobody waits any more is no mistake: a client left while the reply was on its way. */
static enum wire_error take_unwanted(const struct wire_frame *frame)
{
	if (frame->type == MSG_LIMIT_LEASE)
		ipc_send_empty(links[HOP_LIMITERD], MSG_LIMIT_CANCEL, frame->id);
	return WIRE_OK;
}

static enum wire_error take_reply(const struct wire_frame *frame, struct wire_in *in)
{
	for (size_t i = 0; i < sizeof(replies) / sizeof(*replies); i++) {
		if (replies[i].type != frame->type)
			continue;
		struct exchange *exchange = exchange_find(frame->id, replies[i].state);
		return exchange ? replies[i].take(exchange, in) : take_unwanted(frame);
	}
	return WIRE_BAD_TYPE;
}

/* --- the rest --- */

static enum wire_error take_health(enum hop hop, uint64_t id, struct wire_in *in)
{
	struct health health;
	enum wire_error error = health_decode(in, &health);
	struct exchange *exchange = exchange_find(id, EXCHANGE_READY);
	if (error == WIRE_OK && exchange)
		ready_told(exchange, hop, &health);
	return error;
}

static enum wire_error take_revocation(struct wire_in *in)
{
	struct auth_revoke revoke;
	enum wire_error error = auth_revoke_decode(in, &revoke);
	if (error == WIRE_OK)
		grants_revoke(revoke.key_id, revoke.generation);
	return error;
}

/* Which state waits for an answer to a frame that may be refused, and what becomes of it then. */
static const struct {
	enum wire_type type;
	enum exchange_state state;
	void (*fail)(struct exchange *exchange);
} questions[] = {
	{MSG_AUTH_ASK, EXCHANGE_AUTH, exchange_fail},
	{MSG_LIMIT_TAKE, EXCHANGE_LIMIT, exchange_fail},
	{MSG_STREAM_OPEN, EXCHANGE_FORWARD, forward_refused},
	{MSG_STREAM_BODY, EXCHANGE_FORWARD, forward_lost},
};

static enum wire_error take_fault(uint64_t id, struct wire_in *in)
{
	struct fault fault;
	enum wire_error error = fault_decode(in, &fault);
	for (size_t i = 0; i < sizeof(questions) / sizeof(*questions) && error == WIRE_OK; i++) {
		struct exchange *exchange = exchange_find(id, questions[i].state);
		if (questions[i].type == fault.type && exchange)
			questions[i].fail(exchange);
	}
	return error;
}

static enum wire_error take_frame(void *arg, const struct wire_frame *frame)
{
	const enum hop *hop = arg;
	struct wire_in in;
	wire_in_init(&in, frame->body, frame->length);
	switch (frame->type) {
	case MSG_HEALTH:
		return take_health(*hop, frame->id, &in);
	case MSG_AUTH_REVOKE:
		return take_revocation(&in);
	case MSG_FAULT:
		return take_fault(frame->id, &in);
	default:
		return take_reply(frame, &in);
	}
}

/* Whoever waits for this daemon waits in vain. */
static void link_down(void *arg)
{
	static const enum exchange_state waiting[] = {
		[HOP_AUTHD] = EXCHANGE_AUTH,
		[HOP_LIMITERD] = EXCHANGE_LIMIT,
		[HOP_PROXYD] = EXCHANGE_FORWARD,
	};
	exchange_fail_all(waiting[*(const enum hop *)arg]);
}

void links_open(void)
{
	static const struct ipc_events events = {.frame = take_frame, .down = link_down};
	static enum hop hops[] = {HOP_AUTHD, HOP_LIMITERD, HOP_PROXYD, HOP_AUDITD};
	links[HOP_AUTHD] = ipc_open(LINK_EDGE_AUTHD, ROLE_EDGE, &events, &hops[HOP_AUTHD]);
	links[HOP_LIMITERD] = ipc_open(LINK_EDGE_LIMITERD, ROLE_EDGE, &events, &hops[HOP_LIMITERD]);
	links[HOP_PROXYD] = ipc_open(LINK_EDGE_PROXYD, ROLE_EDGE, &events, &hops[HOP_PROXYD]);
	recorder_open(LINK_EDGE_AUDITD, ROLE_EDGE);
	links[HOP_AUDITD] = recorder_share(take_frame, &hops[HOP_AUDITD]);
}
