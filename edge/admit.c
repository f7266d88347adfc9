#include "admit.h"

#include <string.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "exchange.h"
#include "grants.h"
#include "links.h"

enum {
	AUTH_MS = 2000,  /* for authd and limiterd to answer */
	LIMIT_MS = 5000, /* waiting for a slot included */
	LATE_LOG_MS = 1000
};

static void refuse_unavailable(struct exchange *exchange, const char *reason)
{
	struct refusal refusal;
	refusal_overloaded(&refusal, reason);
	exchange_refuse(exchange, &refusal);
}

static bool ask_authd(const struct exchange *exchange)
{
	struct auth_ask ask;
	struct wire_out *out = ipc_begin(links_to(HOP_AUTHD), MSG_AUTH_ASK, 0, exchange->id);
	if (!out)
		return false;
	memcpy(ask.credential, exchange->credential.hash, sizeof(ask.credential));
	memcpy(ask.request_id, exchange->request_id, sizeof(ask.request_id));
	auth_ask_encode(out, &ask);
	return ipc_end(links_to(HOP_AUTHD)) == 0;
}

static void identified(struct exchange *exchange, const struct grants_entry *grant)
{
	exchange->identified = true;
	memcpy(exchange->key_id, grant->key_id, sizeof(exchange->key_id));
	memcpy(exchange->key_name, grant->key_name, sizeof(exchange->key_name));
	if (exchange->read)
		admit_take(exchange);
	else
		request_admitted(exchange);
}

void admit_identify(struct exchange *exchange)
{
	const struct grants_entry *grant = grants_find(exchange->credential.hash, loop_wall());
	if (grant) {
		identified(exchange, grant);
	} else if (ask_authd(exchange)) {
		exchange->asked = loop_micros();
		exchange_wait(exchange, EXCHANGE_AUTH, AUTH_MS);
	} else {
		refuse_unavailable(exchange, "the API key cannot be checked now");
	}
}

/* One may expire on its way; when all are, the clocks differ. */
static void note_late(const struct exchange *exchange)
{
	static uint64_t logged; /* ms */
	if (loop_now() - logged < LATE_LOG_MS)
		return;
	logged = loop_now();
	log_warn("grant-not-kept", "request=%s reason=%s", log_request(exchange->request_id),
	         log_text(wire_error_text(WIRE_EXPIRED)));
}

void admit_granted(struct exchange *exchange, struct wire_bytes sealed)
{
	const struct grants_entry *grant = grants_keep(exchange->credential.hash, sealed, loop_wall());
	exchange->granted = loop_micros();
	if (grant) {
		identified(exchange, grant);
	} else {
		note_late(exchange);
		refuse_unavailable(exchange, "the API key cannot be checked now");
	}
}

void admit_denied(struct exchange *exchange, const struct auth_deny *deny)
{
	struct refusal refusal;
	exchange->granted = loop_micros();
	memcpy(exchange->key_id, deny->key_id, sizeof(exchange->key_id));
	refusal_key(&refusal, deny->reason, exchange->credential.masked);
	exchange_refuse(exchange, &refusal);
}

static bool ask_limiterd(const struct exchange *exchange, const struct grants_entry *grant)
{
	struct limit_take take = {.grant = grant->sealed, .route = exchange->route->route};
	struct wire_out *out = ipc_begin(links_to(HOP_LIMITERD), MSG_LIMIT_TAKE, 0, exchange->id);
	if (!out)
		return false;
	struct estimate estimate = body_estimate(&exchange->body);
	take.tokens = estimate_tokens(&estimate);
	memcpy(take.request_id, exchange->request_id, sizeof(take.request_id));
	memcpy(take.model, exchange->model, sizeof(take.model));
	limit_take_encode(out, &take);
	return ipc_end(links_to(HOP_LIMITERD)) == 0;
}

/* A lease that proxyd cannot take is not asked for. */
void admit_take(struct exchange *exchange)
{
	const struct grants_entry *grant = grants_find(exchange->credential.hash, loop_wall());
	if (!grant) {
		admit_identify(exchange);
	} else if (!ipc_is_up(links_to(HOP_PROXYD))) {
		refuse_unavailable(exchange, "no model server can be reached now");
	} else if (ask_limiterd(exchange, grant)) {
		exchange->taken = true;
		exchange->wanted = loop_micros();
		exchange_wait(exchange, EXCHANGE_LIMIT, LIMIT_MS);
	} else {
		refuse_unavailable(exchange, "limits cannot be checked now");
	}
}

void admit_leased(struct exchange *exchange, const struct limit_lease *lease)
{
	exchange->leased = loop_micros();
	exchange->requests = lease->requests;
	exchange->tokens = lease->tokens;
	forward_open(exchange, lease->lease);
}

void admit_limited(struct exchange *exchange, const struct limit_deny *deny)
{
	struct refusal refusal;
	exchange->taken = false;
	exchange->requests = deny->requests;
	exchange->tokens = deny->tokens;
	if (deny->reason == LIMIT_GRANT && !exchange->asked_again) {
		exchange->asked_again = true;
		grants_drop(exchange->credential.hash);
		admit_identify(exchange);
		return;
	}
	refusal_limit(&refusal, deny, exchange->model);
	exchange_refuse(exchange, &refusal);
}

void admit_withdraw(struct exchange *exchange)
{
	if (exchange->taken)
		ipc_send_empty(links_to(HOP_LIMITERD), MSG_LIMIT_CANCEL, exchange->id);
	exchange->taken = false;
}
