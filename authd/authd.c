#include "authd.h"

#include <stdio.h>
#include <string.h>

#include "../proto/daemon/keyfile.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/recorder.h"
#include "../proto/daemon/sandbox.h"
#include "../proto/daemon/secret.h"
#include "admin.h"
#include "keytext.h"
#include "revoke.h"
#include "source.h"
#include "verify.h"

static struct {
	const uint8_t *grant_key;
	uint64_t grant_life; /* ms */
	struct admin admin;
	struct ipc_link *edge, *proxyd;
} authd;

/* --- edge asks --- */

static void send_grant(uint64_t id, const struct grant *grant)
{
	struct wire_out *out = ipc_begin(authd.edge, MSG_AUTH_GRANT, 0, id);
	if (!out)
		return;
	grant_seal(out, grant, authd.grant_key);
	ipc_end(authd.edge);
}

static void send_deny(uint64_t id, const struct auth_deny *deny)
{
	struct wire_out *out = ipc_begin(authd.edge, MSG_AUTH_DENY, 0, id);
	if (!out)
		return;
	auth_deny_encode(out, deny);
	ipc_end(authd.edge);
}

/* A secret that opens no key here may open one that did not get here. */
static enum auth_reason judge_unknown(enum auth_reason reason)
{
	return reason == AUTH_UNKNOWN && !source_is_current() ? AUTH_UNAVAILABLE : reason;
}

static enum wire_error answer_ask(const struct wire_frame *frame)
{
	static const char *const reasons[] = {[AUTH_UNKNOWN] = "unknown",
	                                      [AUTH_REVOKED] = "revoked",
	                                      [AUTH_EXPIRED] = "expired",
	                                      [AUTH_UNAVAILABLE] = "unavailable"};
	struct auth_ask ask;
	struct grant grant;
	struct auth_deny deny;
	struct wire_in in;
	wire_in_init(&in, frame->body, frame->length);
	enum wire_error error = auth_ask_decode(&in, &ask);
	if (error != WIRE_OK)
		return error;
	if (verify_credential(authd.admin.keys, ask.credential, loop_wall(), authd.grant_life, &grant, &deny)) {
		log_debug("grant", "request=%s key=%s", log_request(ask.request_id), grant.key_id);
		send_grant(frame->id, &grant);
	} else {
		deny.reason = judge_unknown(deny.reason);
		log_debug("deny", "request=%s key=%s reason=%s", log_request(ask.request_id), deny.key_id,
		          reasons[deny.reason]);
		send_deny(frame->id, &deny);
	}
	return WIRE_OK;
}

static void add_part(struct health *health, const char *name, bool well, const char *text)
{
	struct health_part *part = &health->parts[health->count++];
	snprintf(part->name, sizeof(part->name), "%s", name);
	snprintf(part->text, sizeof(part->text), "%s", text);
	part->well = well;
}

static enum wire_error answer_health(const struct wire_frame *frame)
{
	char error[STORE_ERROR_SIZE] = "";
	struct health health = {0};
	bool store_is_well = source_is_well(error);
	bool proxyd_is_up = ipc_is_up(authd.proxyd), auditd_is_up = recorder_state().up;
	add_part(&health, "store", store_is_well, error);
	add_part(&health, "sandbox", true, sandbox_name());
	add_part(&health, "link-proxyd", proxyd_is_up, proxyd_is_up ? "" : "revocations do not reach it");
	add_part(&health, "link-auditd", auditd_is_up, auditd_is_up ? "" : "records of changes wait for it");
	struct wire_out *out = ipc_begin(authd.edge, MSG_HEALTH, 0, frame->id);
	if (!out)
		return WIRE_OK;
	health_encode(out, &health);
	ipc_end(authd.edge);
	return WIRE_OK;
}

static enum wire_error take_frame(void *arg, const struct wire_frame *frame)
{
	(void)arg;
	switch (frame->type) {
	case MSG_AUTH_ASK:
		return answer_ask(frame);
	case MSG_HEALTH_ASK:
		return answer_health(frame);
	default:
		return WIRE_OK; /* a FAULT: ipc.c has logged it */
	}
}

static void edge_is_up(void *arg)
{
	(void)arg;
	revoke_repeat(authd.edge);
}

static void proxyd_is_up(void *arg)
{
	(void)arg;
	revoke_repeat(authd.proxyd);
}

/* --- start and end --- */

static void read_defaults(const struct conf_authd *conf, struct limits *defaults)
{
	const char *budget = *conf->default_budget ? conf->default_budget : "0";
	defaults->rpm = (uint32_t)conf->default_rpm;
	defaults->tpm = (uint32_t)conf->default_tpm;
	defaults->concurrency = (uint32_t)conf->default_concurrency;
	if (keytext_budget(budget, defaults) != 0)
		fatal_usage("HEIMGATE_DEFAULT_BUDGET must be like 1000000/month or 50000/day, not \"%s\"", budget);
}

void authd_acquire(const struct conf_authd *conf)
{
	char error[STORE_ERROR_SIZE];
	if (!store_judge(conf->store, error))
		fatal_usage("HEIMGATE_AUTH_STORE: %s", error);
	authd.grant_life = (uint64_t)conf->grant_life;
	read_defaults(conf, &authd.admin.defaults);
	authd.grant_key = keyfile_load(conf->state, "grant.key");
}

void authd_load(const struct conf_authd *conf)
{
	authd.admin.keys = keystore_new();
	authd.admin.store = source_open(conf, authd.admin.keys);
}

void authd_open(void)
{
	static const struct ipc_events edge_events = {.frame = take_frame, .up = edge_is_up};
	static const struct ipc_events proxyd_events = {.frame = take_frame, .up = proxyd_is_up};
	revoke_open(authd.admin.keys);
	authd.edge = ipc_open(LINK_EDGE_AUTHD, ROLE_AUTHD, &edge_events, NULL);
	authd.proxyd = ipc_open(LINK_AUTHD_PROXYD, ROLE_AUTHD, &proxyd_events, NULL);
	revoke_add_link(authd.edge);
	revoke_add_link(authd.proxyd);
	recorder_open(LINK_AUTHD_AUDITD, ROLE_AUTHD);
	ipc_ctl_listen(LINK_CTL_AUTHD, admin_call, &authd.admin);
}

void authd_close(void)
{
	source_close();
	keystore_free(authd.admin.keys);
	secret_free(authd.grant_key);
}
