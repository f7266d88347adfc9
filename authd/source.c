#include "source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/ready.h"
#include "keytext.h"
#include "revoke.h"
#include "snapshot.h"

enum {
	SNAPSHOT_MS = 1000,           /* between two of them */
	SNAPSHOT_AGAIN_MS = 10 * 1000 /* after one that could not be written: what it has is out of date */
};

static struct {
	struct keystore *keys;
	struct store *store;
	enum { FROM_NOWHERE, FROM_SNAPSHOT, FROM_STORE } origin;
	bool is_current;
	bool keeps_snapshot;
	uint64_t known;    /* ms since the epoch: when the snapshot that is served was written */
	uint64_t baseline; /* a key with a later generation is news; UINT64_MAX: this is the first start */
	struct loop_timer write_soon;
} source;

static uint64_t newest_generation(const struct keystore *keys)
{
	uint64_t newest = 0;
	for (size_t i = 0; i < keystore_count(keys); i++)
		if (keystore_at(keys, i)->generation > newest)
			newest = keystore_at(keys, i)->generation;
	return newest;
}

/* --- the snapshot --- */

static void write_snapshot(void *arg)
{
	char error[SNAPSHOT_ERROR_SIZE];
	(void)arg;
	if (snapshot_write(source.keys, loop_wall(), error) == 0)
		return;
	log_error("snapshot-not-written", "reason=%s", log_text(error));
	loop_timer_set(&source.write_soon, SNAPSHOT_AGAIN_MS);
}

static void write_snapshot_soon(void)
{
	if (source.keeps_snapshot && !loop_timer_armed(&source.write_soon))
		loop_timer_set(&source.write_soon, SNAPSHOT_MS);
}

/* What was changed after the snapshot is news here: this host's daemons may not have heard of it. */
static void read_baseline(void)
{
	char error[SNAPSHOT_ERROR_SIZE];
	struct keystore *keys = keystore_new();
	if (snapshot_read(keys, &source.known, error) == 0)
		source.baseline = newest_generation(keys);
	keystore_free(keys);
}

static void serve_snapshot(void)
{
	char error[SNAPSHOT_ERROR_SIZE], known[KEYTEXT_TIME_SIZE];
	if (snapshot_read(source.keys, &source.known, error) != 0) {
		log_error("snapshot-not-used", "reason=%s", log_text(error));
		return;
	}
	source.origin = FROM_SNAPSHOT;
	keytext_time_format(known, source.known);
	log_warn("serving-snapshot", "keys=%zu known=%s", keystore_count(source.keys), known);
}

/* --- what the store tells --- */

static void reset(void *arg)
{
	(void)arg;
	keystore_clear(source.keys);
	source.origin = FROM_STORE;
}

static int found(void *arg, struct key *key)
{
	(void)arg;
	const struct key *present = keystore_find(source.keys, key->id);
	bool known = present && present->generation == key->generation;
	if (known || keystore_reserve(source.keys) != 0) {
		free(key);
		return known ? 0 : -1;
	}
	source_put(key);
	if (key->generation > source.baseline) {
		log_info("key-seen", "key=%s generation=%" PRIu64, key->id, key->generation);
		revoke_announce(key);
	}
	return 0;
}

/* What happened while the store could not be read is told again to daemons that are not there at this moment. */
static void loaded(void *arg)
{
	(void)arg;
	if (source.baseline != UINT64_MAX)
		revoke_since(source.baseline);
	source.baseline = newest_generation(source.keys);
	source.is_current = true;
	log_info("loaded", "keys=%zu", keystore_count(source.keys));
	write_snapshot_soon();
	ready_release();
}

static void lost(void *arg)
{
	(void)arg;
	if (source.origin == FROM_NOWHERE)
		serve_snapshot();
	else if (source.is_current || source.baseline == UINT64_MAX)
		source.baseline = newest_generation(source.keys);
	source.is_current = false;
	ready_release();
}

/* --- what the daemon asks --- */

bool source_has_keys(void)
{
	return source.origin != FROM_NOWHERE;
}

bool source_is_current(void)
{
	return source.is_current;
}

void source_put(struct key *key)
{
	if (keystore_reserve(source.keys) != 0)
		fatalx("out of memory");
	keystore_put(source.keys, key);
	write_snapshot_soon();
}

bool source_is_well(char *text)
{
	char fault[STORE_ERROR_SIZE] = "", known[KEYTEXT_TIME_SIZE];
	bool well = store_is_well(source.store, fault);
	keytext_time_format(known, source.known);
	if (well)
		text[0] = '\0';
	else if (source.origin == FROM_SNAPSHOT)
		snprintf(text, STORE_ERROR_SIZE, "%.300s; serving keys known at %s", fault, known);
	else
		snprintf(text, STORE_ERROR_SIZE, "%.300s%s", fault, source_has_keys() ? "" : "; no keys are known yet");
	return well;
}

struct store *source_open(const struct conf_authd *conf, struct keystore *keys)
{
	char error[STORE_ERROR_SIZE];
	char *directory = conf_path(conf->state, "authd");
	struct store_setup setup = {.url = conf->store,
	                            .password_file = conf->password_file,
	                            .directory = directory,
	                            .events = {reset, found, loaded, lost, NULL}};
	source.keys = keys;
	source.baseline = UINT64_MAX;
	source.write_soon.expired = write_snapshot;
	source.keeps_snapshot = store_is_remote(conf->store);
	ready_hold();
	if (source.keeps_snapshot) {
		snapshot_open(directory);
		read_baseline();
	}
	source.store = store_open(&setup, error);
	if (!source.store)
		fatalx("%s", error);
	free(directory);
	return source.store;
}

void source_close(void)
{
	if (loop_timer_armed(&source.write_soon))
		write_snapshot(NULL);
	store_close(source.store);
}
