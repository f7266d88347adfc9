#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/daemon/log.h"
#include "../../proto/daemon/loop.h"

enum { PATIENCE_MS = 60 * 1000 };

static char directory[] = "/tmp/heimgate-store_t.XXXXXX";

static const char *setting(const char *name, const char *fallback)
{
	const char *value = getenv(name);
	return value ? value : fallback;
}

const char *host_prepare(void)
{
	log_init("store_t");
	loop_open();
	if (!mkdtemp(directory))
		fatal("cannot make %s", directory);
	return directory;
}

bool host_is_shared(void)
{
	return store_is_remote(setting("HEIMGATE_TEST_STORE", "sqlite:keys.db"));
}

/* --- waiting --- */

static void give_up(void *arg)
{
	(void)arg;
	fatalx("what is waited for does not happen");
}

/* Whatever the store tells stops the loop, so that the condition is looked at again. */
static void run_until(bool (*happened)(const void *arg), const void *arg)
{
	struct loop_timer patience = {.expired = give_up};
	loop_timer_set(&patience, PATIENCE_MS);
	while (!happened(arg))
		loop_run();
	loop_timer_clear(&patience);
}

/* --- what the store tells --- */

static void reset(void *arg)
{
	struct host *host = arg;
	keystore_clear(host->keys);
}

static int found(void *arg, struct key *key)
{
	struct host *host = arg;
	CHECK(keystore_reserve(host->keys) == 0);
	keystore_put(host->keys, key);
	loop_stop();
	return 0;
}

static void loaded(void *arg)
{
	struct host *host = arg;
	host->loads++;
	loop_stop();
}

static void lost(void *arg)
{
	struct host *host = arg;
	host->losses++;
	loop_stop();
}

static bool is_loaded(const void *arg)
{
	const struct host *host = arg;
	return host->loads > 0;
}

void host_open(struct host *host)
{
	char error[STORE_ERROR_SIZE];
	struct store_setup setup = {.url = setting("HEIMGATE_TEST_STORE", "sqlite:keys.db"),
	                            .password_file = setting("HEIMGATE_TEST_PASSWORD_FILE", ""),
	                            .directory = directory,
	                            .events = {reset, found, loaded, lost, host}};
	*host = (struct host){.keys = keystore_new()};
	host->store = store_open(&setup, error);
	if (!host->store)
		fatalx("%s", error);
	run_until(is_loaded, host);
}

void host_close(struct host *host)
{
	store_close(host->store);
	keystore_free(host->keys);
}

/* --- saving --- */

static void saved(void *arg, enum store_outcome outcome, uint64_t generation, const char *reason)
{
	struct host_outcome *taken = arg;
	*taken = (struct host_outcome){.known = true, .outcome = outcome, .generation = generation};
	snprintf(taken->reason, sizeof(taken->reason), "%s", reason);
	loop_stop();
}

static bool is_known(const void *arg)
{
	const struct host_outcome *outcome = arg;
	return outcome->known;
}

void host_begin_save(struct host *host, const struct key *key, struct host_outcome *outcome)
{
	outcome->known = false;
	store_save(host->store, key, saved, outcome);
}

void host_wait(const struct host_outcome *outcome)
{
	run_until(is_known, outcome);
}

struct host_outcome host_save(struct host *host, struct key *key)
{
	struct host_outcome outcome;
	host_begin_save(host, key, &outcome);
	host_wait(&outcome);
	if (outcome.outcome == STORE_SAVED)
		key->generation = outcome.generation;
	return outcome;
}

struct wanted {
	const struct host *host;
	const char *id;
	uint64_t generation;
};

static bool is_there(const void *arg)
{
	const struct wanted *wanted = arg;
	const struct key *key = keystore_find(wanted->host->keys, wanted->id);
	return key && key->generation == wanted->generation;
}

void host_wait_for(struct host *host, const char *id, uint64_t generation)
{
	run_until(is_there, &(struct wanted){host, id, generation});
}

struct key *host_make_key(const char *id, uint8_t secret)
{
	struct key *key = key_new("m1\nm/2:latest");
	CHECK(key);
	snprintf(key->id, sizeof(key->id), "%s", id);
	snprintf(key->name, sizeof(key->name), "name of %s", id);
	snprintf(key->owner, sizeof(key->owner), "Jos\xc3\xa9 \"the\" o'ner; DROP TABLE keys \\x00 $1 {,}");
	key->limits = (struct limits){UINT32_MAX, 2, 3, UINT64_C(1000000000000000), BUDGET_MONTH};
	key->scope = (struct scope){true, UINT32_MAX, 4};
	key->created = 11;
	key->changed = 12;
	key->expires = INT64_MAX;
	memset(key->hash, secret, sizeof(key->hash));
	return key;
}
