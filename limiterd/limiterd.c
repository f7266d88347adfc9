#include "limiterd.h"

#include <stdio.h>
#include <string.h>

#include "../proto/daemon/ipc.h"
#include "../proto/daemon/keyfile.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/sandbox.h"
#include "../proto/daemon/secret.h"
#include "../proto/wire/msg_audit.h"
#include "decider.h"
#include "leases.h"
#include "show.h"

enum { REFUSAL_LOG_MS = 1000 };

static struct {
	struct decider decider;
	unsigned queue_max;
	char *models_path;
	struct models *models;
	char reload_error[HEALTH_TEXT_MAX + 1]; /* "" when models.json was good */
	const uint8_t *grant_key;
	struct ipc_link *edge, *auditd;
	struct loop_timer timer;
	uint64_t refusal_logged; /* ms */
} limiterd;

/* --- answers to edge --- */

static void send_deny(uint64_t id, const struct limit_deny *deny)
{
	struct wire_out *out = ipc_begin(limiterd.edge, MSG_LIMIT_DENY, 0, id);
	if (!out)
		return;
	limit_deny_encode(out, deny);
	ipc_end(limiterd.edge);
}

static void deny_take(struct take *take)
{
	take->deny.requests = take->requests;
	take->deny.tokens = take->tokens;
	send_deny(take->id, &take->deny);
}

/* A lease that edge cannot be told of is one that nobody will use. */
static void give_lease(const struct take *take)
{
	uint8_t sealed[LEASE_MAX];
	struct limit_lease answer = {.requests = take->requests, .tokens = take->tokens, .waited_ms = take->waited};
	struct wire_out *out = ipc_begin(limiterd.edge, MSG_LIMIT_LEASE, 0, take->id);
	if (!out) {
		decider_cancel(&limiterd.decider, take->id);
		return;
	}
	answer.lease = leases_seal(&take->lease, sealed);
	limit_lease_encode(out, &answer);
	ipc_end(limiterd.edge);
}

static void ask_history(void)
{
	struct account *account;
	while (ipc_is_up(limiterd.auditd) && (account = decider_ask_history(&limiterd.decider))) {
		struct usage_ask ask = {.since = account->since};
		struct wire_out *out = ipc_begin(limiterd.auditd, MSG_USAGE_ASK, 0, account->question);
		if (!out)
			return;
		snprintf(ask.key_id, sizeof(ask.key_id), "%s", account->key_id);
		usage_ask_encode(out, &ask);
		ipc_end(limiterd.auditd);
	}
}

static void time_is_up(void *arg);

static void wake_when_due(void)
{
	uint64_t due = decider_due(&limiterd.decider);
	if (loop_timer_armed(&limiterd.timer) && limiterd.timer.due <= due)
		return;
	loop_timer_set(&limiterd.timer, due > loop_now() ? due - loop_now() : 0);
}

/* After every batch, whatever has decided something. */
static void follow_up(void *arg)
{
	struct take *take;
	(void)arg;
	while ((take = decider_next(&limiterd.decider))) {
		if (take->given)
			give_lease(take);
		else
			deny_take(take);
		take_free(take);
	}
	ask_history();
	wake_when_due();
}

static void time_is_up(void *arg)
{
	(void)arg;
	decider_tick(&limiterd.decider);
}

/* --- frames from edge --- */

/* One may expire on its way from an edge that is what it should be. */
static void note_grant(const struct limit_take *take, enum wire_error error)
{
	const char *request = log_request(take->request_id), *reason = log_text(wire_error_text(error));
	if (loop_now() - limiterd.refusal_logged < REFUSAL_LOG_MS)
		return;
	limiterd.refusal_logged = loop_now();
	if (error == WIRE_EXPIRED)
		log_info("grant-refused", "request=%s reason=%s", request, reason);
	else
		log_warn("grant-refused", "request=%s reason=%s", request, reason);
}

/* What costs tokens costs at least one. */
static uint64_t cost_of(const struct limit_take *asked)
{
	if (wire_route_info(asked->route)->cost == COST_FREE)
		return 0;
	if (asked->tokens == 0)
		return 1;
	return asked->tokens < BUCKET_COST_MAX ? asked->tokens : BUCKET_COST_MAX;
}

static void fill_lease(struct lease *lease, const struct limit_take *asked, const struct grant *grant)
{
	randombytes_buf(lease->id, sizeof(lease->id));
	memcpy(lease->request_id, asked->request_id, sizeof(lease->request_id));
	memcpy(lease->key_id, grant->key_id, sizeof(lease->key_id));
	memcpy(lease->key_name, grant->key_name, sizeof(lease->key_name));
	memcpy(lease->models, grant->models, sizeof(lease->models));
	memcpy(lease->model, asked->model, sizeof(lease->model));
	lease->route = asked->route;
	lease->scope = grant->scope;
	lease->generation = grant->generation;
	lease->tokens = cost_of(asked);
}

static enum wire_error take_asked(const struct wire_frame *frame)
{
	struct limit_take asked;
	struct grant grant;
	struct wire_in in;
	wire_in_init(&in, frame->body, frame->length);
	enum wire_error error = limit_take_decode(&in, &asked);
	if (error != WIRE_OK)
		return error;
	if (decider_knows(&limiterd.decider, frame->id))
		return WIRE_REPLAYED;
	error = grant_open(asked.grant, limiterd.grant_key, loop_wall(), &grant);
	if (error != WIRE_OK) {
		note_grant(&asked, error);
		send_deny(frame->id, &(struct limit_deny){.reason = LIMIT_GRANT});
		return WIRE_OK;
	}
	struct take *take = take_new();
	take->id = frame->id;
	take->limits = grant.limits;
	fill_lease(&take->lease, &asked, &grant);
	decider_take(&limiterd.decider, take);
	return WIRE_OK;
}

static void add_part(struct health *health, const char *name, bool well, const char *text)
{
	struct health_part *part = &health->parts[health->count++];
	part->well = well;
	snprintf(part->name, sizeof(part->name), "%s", name);
	snprintf(part->text, sizeof(part->text), "%s", text);
}

/* A refused models.json does no harm while the running one stays: that part is well, and says so. */
static void send_health(uint64_t id)
{
	struct health health = {0};
	char store[HEALTH_TEXT_MAX + 1];
	bool proxyd = leases_have_proxyd(), auditd = ipc_is_up(limiterd.auditd);
	add_part(&health, "store", decider_health(&limiterd.decider, store, sizeof(store)), store);
	add_part(&health, "models", true, limiterd.reload_error);
	add_part(&health, "sandbox", true, sandbox_name());
	add_part(&health, "link-proxyd", proxyd, proxyd ? "" : "leases are not settled");
	add_part(&health, "link-auditd", auditd, auditd ? "" : "budgets not seen before are refused");
	struct wire_out *out = ipc_begin(limiterd.edge, MSG_HEALTH, 0, id);
	if (!out)
		return;
	health_encode(out, &health);
	ipc_end(limiterd.edge);
}

static enum wire_error edge_frame(void *arg, const struct wire_frame *frame)
{
	(void)arg;
	enum wire_error error = WIRE_OK;
	if (frame->type == MSG_LIMIT_TAKE)
		error = take_asked(frame);
	else if (frame->type == MSG_LIMIT_CANCEL)
		decider_cancel(&limiterd.decider, frame->id);
	else if (frame->type == MSG_HEALTH_ASK)
		send_health(frame->id);
	return error;
}

/* What was decided last is still taken back by the ids of takes. */
static void edge_down(void *arg)
{
	follow_up(arg);
	decider_edge_gone(&limiterd.decider);
}

/* --- frames from auditd --- */

static enum wire_error auditd_frame(void *arg, const struct wire_frame *frame)
{
	struct usage_total total;
	struct wire_in in;
	(void)arg;
	if (frame->type != MSG_USAGE_TOTAL)
		return WIRE_OK; /* a FAULT: whoever waits is refused in time */
	wire_in_init(&in, frame->body, frame->length);
	enum wire_error error = usage_total_decode(&in, &total);
	if (error == WIRE_OK)
		decider_history(&limiterd.decider, frame->id, total.tokens);
	return error;
}

static void auditd_down(void *arg)
{
	(void)arg;
	decider_history_lost(&limiterd.decider);
}

/* --- models.json, start and end --- */

static void follow_models(struct models *models)
{
	struct models *old = limiterd.models;
	limiterd.models = models;
	decider_follow(&limiterd.decider, models, limiterd.queue_max);
	if (old)
		models_free(old);
	log_info("models-loaded", "upstreams=%zu models=%zu", models->upstream_count, models->model_count);
}

static void reload(void *arg)
{
	char error[512];
	(void)arg;
	struct models *models = models_load(limiterd.models_path, error, sizeof(error));
	limiterd.reload_error[0] = '\0';
	if (!models) {
		log_error("models-refused", "reason=%s", log_text(error));
		snprintf(limiterd.reload_error, sizeof(limiterd.reload_error), "not reloaded: %.100s", error);
		return;
	}
	follow_models(models);
}

void limiterd_acquire(const struct conf_limiterd *conf)
{
	char error[512];
	decider_init(&limiterd.decider, conf);
	limiterd.grant_key = keyfile_load(conf->state, "grant.key");
	leases_acquire(conf->state);
	limiterd.queue_max = (unsigned)conf->queue_max;
	limiterd.models_path = conf_path(conf->state, *conf->models ? conf->models : "models.json");
	struct models *models = models_load(limiterd.models_path, error, sizeof(error));
	if (!models)
		fatal_usage("%s", error);
	if (sandbox_path_around(limiterd.models_path, "r") != 0)
		fatal("cannot keep %s readable", limiterd.models_path);
	follow_models(models);
}

static bool answer_call(void *arg, const struct ctl_call *call, struct wire_out *json)
{
	(void)arg;
	return show_call(&limiterd.decider, call, json);
}

void limiterd_open(void)
{
	static const struct ipc_events from_edge = {.frame = edge_frame, .down = edge_down};
	static const struct ipc_events from_auditd = {.frame = auditd_frame, .down = auditd_down};
	limiterd.timer.expired = time_is_up;
	loop_after_batch(follow_up, NULL);
	limiterd.auditd = ipc_open(LINK_LIMITERD_AUDITD, ROLE_LIMITERD, &from_auditd, NULL);
	leases_open(&limiterd.decider);
	limiterd.edge = ipc_open(LINK_EDGE_LIMITERD, ROLE_LIMITERD, &from_edge, NULL);
	ipc_ctl_listen(LINK_CTL_LIMITERD, answer_call, NULL);
	loop_on_hangup(reload, NULL);
}

void limiterd_close(void)
{
	decider_close(&limiterd.decider);
	secret_free(limiterd.grant_key);
	leases_close();
}
