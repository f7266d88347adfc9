#include "auditd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../proto/daemon/ipc.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/resolver.h"
#include "../proto/daemon/sandbox.h"
#include "asks.h"
#include "history.h"
#include "intake.h"
#include "upkeep.h"

enum { CATCH_UP_SLICES = 5 }; /* before a person's question is answered */

/* Who may record what: a daemon that was taken over cannot write another's history. */
static struct sender {
	enum wire_link which;
	enum audit_kind kind;
	struct ipc_link *link;
} senders[] = {
	{LINK_EDGE_AUDITD, AUDIT_REFUSAL, NULL},
	{LINK_PROXYD_AUDITD, AUDIT_REQUEST, NULL},
	{LINK_AUTHD_AUDITD, AUDIT_ADMIN, NULL},
};

static struct journal *journal;
static struct store *store;
static struct ipc_link *limiterd;

/* --- frames --- */

static enum wire_error take_record(const struct sender *sender, const struct wire_frame *frame, struct wire_in *in)
{
	struct audit_record record;
	enum wire_error error = audit_record_decode(in, &record);
	if (error != WIRE_OK)
		return error;
	if (record.kind != sender->kind)
		return WIRE_BAD_SENDER;
	return intake_take(sender->link, frame->id, &record);
}

static enum wire_error tell_health(const struct sender *sender, const struct wire_frame *frame, struct wire_in *in)
{
	struct health health = {.count = 3};
	if (wire_end(in) != WIRE_OK)
		return wire_end(in);
	intake_health(&health.parts[0]);
	upkeep_health(&health.parts[1]);
	health.parts[2] = (struct health_part){.name = "sandbox", .well = true};
	snprintf(health.parts[2].text, sizeof(health.parts[2].text), "%s", sandbox_name());
	struct wire_out *out = ipc_begin(sender->link, MSG_HEALTH, 0, frame->id);
	if (out) {
		health_encode(out, &health);
		ipc_end(sender->link);
	}
	return WIRE_OK;
}

static enum wire_error sender_frame(void *arg, const struct wire_frame *frame)
{
	struct wire_in in;
	wire_in_init(&in, frame->body, frame->length);
	if (frame->type == MSG_AUDIT_RECORD)
		return take_record(arg, frame, &in);
	if (frame->type == MSG_HEALTH_ASK)
		return tell_health(arg, frame, &in);
	return WIRE_OK;
}

static void sender_down(void *arg)
{
	const struct sender *sender = arg;
	intake_forget(sender->link);
}

static enum wire_error limiterd_frame(void *arg, const struct wire_frame *frame)
{
	struct wire_in in;
	struct usage_ask ask;
	(void)arg;
	if (frame->type != MSG_USAGE_ASK)
		return WIRE_OK;
	wire_in_init(&in, frame->body, frame->length);
	enum wire_error error = usage_ask_decode(&in, &ask);
	return error == WIRE_OK ? asks_take(limiterd, frame->id, &ask) : error;
}

static void limiterd_down(void *arg)
{
	(void)arg;
	asks_forget();
}

static bool take_call(void *arg, const struct ctl_call *call, struct wire_out *json)
{
	(void)arg;
	upkeep_catch_up(CATCH_UP_SLICES);
	return history_call(store, call, json);
}

/* --- opening --- */

static void make_directory(const char *path)
{
	if (mkdir(path, 0750) < 0 && errno != EEXIST)
		fatal("cannot make %s", path);
}

void auditd_load(const struct conf_auditd *conf)
{
	char error[STORE_ERROR_SIZE];
	char *directory = conf_path(conf->state, "auditd");
	char *segments = conf_path(directory, "journal");
	if (!store_judge(conf->store, error))
		fatal_usage("HEIMGATE_AUDIT_STORE: %s", error);
	if (store_is_remote(conf->store))
		resolver_open();
	if (*conf->password_file && sandbox_path_around(conf->password_file, "r") < 0)
		fatal("cannot allow %s", conf->password_file);
	make_directory(directory);
	make_directory(segments);
	journal = journal_open(segments, (uint64_t)conf->segment_size);
	store = store_open(&(struct store_conf){.url = conf->store,
	                                        .password_file = conf->password_file,
	                                        .directory = directory,
	                                        .journal = journal_id(journal),
	                                        .retention = (uint64_t)conf->retention,
	                                        .changed = upkeep_look},
	                   error);
	if (!store)
		fatalx("%s", error);
	if (sandbox_path(directory, "rw") < 0)
		fatal("cannot allow %s", directory);
	free(segments);
	free(directory);
	upkeep_open(journal, store, (uint64_t)conf->retention);
	intake_open(journal, upkeep_wake);
	asks_open(store);
}

void auditd_open(void)
{
	static const struct ipc_events from_sender = {.frame = sender_frame, .down = sender_down};
	static const struct ipc_events from_limiterd = {.frame = limiterd_frame, .down = limiterd_down};
	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++)
		senders[i].link = ipc_open(senders[i].which, ROLE_AUDITD, &from_sender, &senders[i]);
	limiterd = ipc_open(LINK_LIMITERD_AUDITD, ROLE_AUDITD, &from_limiterd, NULL);
	ipc_ctl_listen(LINK_CTL_AUDITD, take_call, NULL);
}

void auditd_close(void)
{
	upkeep_close();
	store_close(store);
	upkeep_free();
	journal_close(journal);
}
