#include "proxyd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/keyfile.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/recorder.h"
#include "../proto/daemon/sandbox.h"
#include "../proto/daemon/secret.h"
#include "health.h"
#include "news.h"
#include "show.h"
#include "stream.h"
#include "upstream.h"
#include "warm.h"

enum {
	TICK_MS = 1000,
	KEEP_AGE_MS = 1000 /* a lease outlives that by itself */
};

static struct proxyd proxyd;
static struct loop_timer tick;

/* --- health --- */

static void add_part(struct health *health, const char *name, bool well, const char *text)
{
	if (health->count == HEALTH_PARTS_MAX)
		return;
	struct health_part *part = &health->parts[health->count++];
	part->well = well;
	snprintf(part->name, sizeof(part->name), "%.*s", HEALTH_NAME_MAX, name);
	snprintf(part->text, sizeof(part->text), "%s", text);
}

/* An upstream is well until it fails, and again when it answers. */
static void add_upstreams(struct health *health, bool well)
{
	const struct routes *routes = proxyd.routes;
	for (size_t i = 0; i < routes->models->upstream_count; i++) {
		const struct circuit *circuit = &routes->upstreams[i].standing->circuit;
		if ((circuit->failures == 0) == well)
			add_part(health, routes->models->upstreams[i].name, well, circuit->reason);
	}
}

/* A refused models.json does no harm while the running one stays: that part is well, and says so. */
static void send_health(uint64_t id)
{
	struct health health = {0};
	struct recorder_state recorder = recorder_state();
	bool limiterd = ipc_is_up(proxyd.limiterd);

	add_part(&health, "sandbox", true, sandbox_name());
	add_part(&health, "models", true, proxyd.reload_refused ? "the last reload was refused" : "");
	add_part(&health, "link-limiterd", limiterd, limiterd ? "" : "leases are not settled");
	add_part(&health, "link-auditd", recorder.up, recorder.up ? "" : "records wait");
	add_upstreams(&health, false);
	add_upstreams(&health, true);
	struct wire_out *out = ipc_begin(proxyd.edge, MSG_HEALTH, 0, id);
	if (!out)
		return;
	health_encode(out, &health);
	ipc_end(proxyd.edge);
}

/* --- frames --- */

static enum wire_error health_asked(struct proxyd *of, const struct wire_frame *frame)
{
	(void)of;
	send_health(frame->id);
	return WIRE_OK;
}

static enum wire_error revoked(struct proxyd *of, const struct wire_frame *frame)
{
	struct auth_revoke revoke;
	struct wire_in in;
	wire_in_init(&in, frame->body, frame->length);
	enum wire_error error = auth_revoke_decode(&in, &revoke);
	if (error != WIRE_OK)
		return error;
	log_info("revoked", "key=%s generation=%llu", log_text(revoke.key_id), (unsigned long long)revoke.generation);
	revocation_add(&of->revocations, &revoke, loop_now());
	stream_revoke(of, &revoke);
	return WIRE_OK;
}

static enum wire_error settled(struct proxyd *of, const struct wire_frame *frame)
{
	settle_done(&of->settle, frame->id);
	return WIRE_OK;
}

/* A settlement refused for want of room goes again; one refused for anything else would be refused for ever.
 * A KEEP has an id of edge's choosing, which says nothing of any settlement. */
static enum wire_error not_done(struct proxyd *of, const struct wire_frame *frame)
{
	struct fault fault;
	struct wire_in in;
	wire_in_init(&in, frame->body, frame->length);
	enum wire_error error = fault_decode(&in, &fault);
	if (error == WIRE_OK && fault.type == MSG_LIMIT_MOVE)
		attempt_not_moved(of, frame->id);
	if (error != WIRE_OK || fault.type != MSG_LIMIT_SETTLE)
		return error;
	if (fault.error == WIRE_BUSY)
		settle_postpone(&of->settle);
	else
		settle_done(&of->settle, frame->id);
	return WIRE_OK;
}

/* The peer refused a frame of ours, which ipc.c has logged. */
static enum wire_error refused(struct proxyd *of, const struct wire_frame *frame)
{
	(void)of;
	(void)frame;
	return WIRE_OK;
}

struct dispatch {
	enum wire_type type;
	enum wire_error (*handle)(struct proxyd *proxyd, const struct wire_frame *frame);
};

static const struct dispatch from_edge[] = {
	{MSG_STREAM_OPEN, stream_open},
	{MSG_STREAM_BODY, stream_body},
	{MSG_STREAM_CREDIT, stream_credit},
	{MSG_STREAM_CANCEL, stream_cancel},
	{MSG_HEALTH_ASK, health_asked},
	{MSG_FAULT, refused},
	{0, NULL},
};

static const struct dispatch from_authd[] = {{MSG_AUTH_REVOKE, revoked}, {MSG_FAULT, refused}, {0, NULL}};

static const struct dispatch from_limiterd[] = {
	{MSG_LIMIT_SETTLED, settled},
	{MSG_LIMIT_MOVED, attempt_moved},
	{MSG_LIMIT_POOL, news_pool},
	{MSG_FAULT, not_done},
	{0, NULL},
};

static enum wire_error dispatch(const struct dispatch *row, const struct wire_frame *frame)
{
	for (; row->handle; row++)
		if (row->type == frame->type)
			return row->handle(&proxyd, frame);
	return WIRE_BAD_SENDER;
}

static enum wire_error edge_frame(void *arg, const struct wire_frame *frame)
{
	(void)arg;
	return dispatch(from_edge, frame);
}

static enum wire_error authd_frame(void *arg, const struct wire_frame *frame)
{
	(void)arg;
	return dispatch(from_authd, frame);
}

static enum wire_error limiterd_frame(void *arg, const struct wire_frame *frame)
{
	(void)arg;
	return dispatch(from_limiterd, frame);
}

/* --- links and time --- */

static void edge_down(void *arg)
{
	(void)arg;
	stream_cancel_all(&proxyd);
}

/* limiterd may have restarted, and then knows only the leases that it is told of. */
static void limiterd_up(void *arg)
{
	(void)arg;
	stream_keep_all(&proxyd, 0);
	settle_again(&proxyd.settle);
	news_tell_all(&proxyd);
	news_tell_offers(&proxyd);
}

static void limiterd_down(void *arg)
{
	(void)arg;
	attempt_lost(&proxyd);
}

static void after_batch(void *arg)
{
	(void)arg;
	news_tell_changes(&proxyd);
}

static void tick_expired(void *arg)
{
	(void)arg;
	stream_keep_all(&proxyd, KEEP_AGE_MS);
	settle_push(&proxyd.settle);
	health_tick(&proxyd);
	news_tell_all(&proxyd);
	loop_timer_set(&tick, TICK_MS);
}

static void reload(void)
{
	char error[512];
	struct routes *routes = routes_load(proxyd.models_path, proxyd.conf, proxyd.routes, error, sizeof(error));
	if (!routes) {
		bool unreachable = strstr(error, strerror(EACCES)) != NULL;
		proxyd.reload_refused = true;
		log_error("reload-refused", "reason=%s%s", log_text(error),
		          unreachable ? " advice=\"directories not named at the start need a new one\"" : "");
		return;
	}
	proxyd.reload_refused = false;
	routes_drop(proxyd.routes);
	proxyd.routes = routes;
	news_tell_all(&proxyd);
	log_info("reloaded", "models=%zu upstreams=%zu", routes->models->model_count, routes->models->upstream_count);
}

static void hung_up(void *arg)
{
	(void)arg;
	reload();
}

/* --- phases --- */

static bool read_audit_mode(const char *text)
{
	bool required = strcmp(text, "required") == 0;
	if (!required && strcmp(text, "best-effort") != 0)
		fatal_usage("HEIMGATE_AUDIT is \"%s\": it must be required or best-effort", text);
	return required;
}

/* Whatever a reload reads later.  What models.json comes to name elsewhere needs a start. */
static void keep_readable(const char *file)
{
	if (file && sandbox_path_around(file, "r") != 0)
		fatal("cannot keep %s readable", file);
}

static void keep_files_readable(void)
{
	const struct models *models = proxyd.routes->models;
	keep_readable(proxyd.models_path);
	for (size_t i = 0; i < models->upstream_count; i++) {
		keep_readable(models->upstreams[i].api_key_file);
		keep_readable(models->upstreams[i].ca_file);
	}
}

void proxyd_acquire(const struct conf_proxyd *conf)
{
	char error[512];
	proxyd.conf = conf;
	proxyd.audit_required = read_audit_mode(conf->audit);
	proxyd.models_path = conf_path(conf->state, *conf->models ? conf->models : "models.json");
	proxyd.routes = routes_load(proxyd.models_path, conf, NULL, error, sizeof(error));
	if (!proxyd.routes)
		fatal_usage("%s", error);
	keep_files_readable();
	proxyd.leases = leases_new((uint64_t)conf->lease_life, loop_wall(), loop_now());
	if (!proxyd.leases)
		fatalx("no memory for the leases in use");
	proxyd.lease_key = keyfile_load(conf->state, "lease.key");
}

void proxyd_link(void)
{
	static const struct ipc_events edge = {.frame = edge_frame, .down = edge_down};
	static const struct ipc_events authd = {.frame = authd_frame};
	static const struct ipc_events limiterd = {.frame = limiterd_frame, .up = limiterd_up, .down = limiterd_down};

	loop_after_batch(after_batch, NULL);
	proxyd.edge = ipc_open(LINK_EDGE_PROXYD, ROLE_PROXYD, &edge, NULL);
	proxyd.authd = ipc_open(LINK_AUTHD_PROXYD, ROLE_PROXYD, &authd, NULL);
	proxyd.limiterd = ipc_open(LINK_PROXYD_LIMITERD, ROLE_PROXYD, &limiterd, NULL);
	proxyd.settle.limiterd = proxyd.limiterd;
	recorder_open(LINK_PROXYD_AUDITD, ROLE_PROXYD);
	ipc_ctl_listen(LINK_CTL_PROXYD, show_call, &proxyd);
	loop_on_hangup(hung_up, NULL);
	tick.expired = tick_expired;
	loop_timer_set(&tick, TICK_MS);
	warm_start(proxyd.routes);
}

void proxyd_close(void)
{
	stream_cancel_all(&proxyd);
	upstream_close();
	routes_drop(proxyd.routes);
	settle_free(&proxyd.settle);
	secret_free(proxyd.lease_key);
	free(proxyd.leases);
	free(proxyd.models_path);
}
