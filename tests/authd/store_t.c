/* What every store of keys must do: run on SQLite as it is, and on PostgreSQL by stores_t.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tap/tap.h"
#include "host.h"

static void is_saved(struct host *host, struct key *key, uint64_t generation, const char *what)
{
	struct host_outcome outcome = host_save(host, key);
	if (!ok(outcome.outcome == STORE_SAVED, "%s is saved", what))
		printf("# %s\n", outcome.reason);
	is_int((long long)outcome.generation, (long long)generation, "with generation %d", (int)generation);
}

static void is_refused(struct host *host, struct key *key, const char *reason, const char *what)
{
	struct host_outcome outcome = host_save(host, key);
	is_int(outcome.outcome, STORE_REFUSED, "%s is refused", what);
	is_text(outcome.reason, reason, "because");
}

static bool has(const struct host *host, const struct key *key)
{
	const struct key *found = keystore_find(host->keys, key->id);
	return found && key_equal(found, key);
}

static void keeps_keys(struct key *key, struct key *other)
{
	struct host host = {0};
	host_open(&host);
	is_int((long long)keystore_count(host.keys), 0, "a new store is empty");
	is_saved(&host, key, 1, "a key");
	is_saved(&host, other, 2, "another key");
	key->revoked = 14;
	key->changed = 15;
	key->former.until = 16;
	key->former.generation = 1;
	memset(key->hash, 3, sizeof(key->hash));
	memset(key->former.hash, 1, sizeof(key->former.hash));
	is_saved(&host, key, 3, "a change");
	char text[STORE_ERROR_SIZE];
	ok(store_is_well(host.store, text), "the store is well");
	host_close(&host);

	host_open(&host);
	is_int((long long)keystore_count(host.keys), 2, "both are there after reopening");
	ok(has(&host, key) && has(&host, other), "each as it was last saved");
	is_saved(&host, other, 4, "a change after reopening");
	host_close(&host);
}

/* `key` is revoked, has the secret 3 and had 1; `other` is active and has 2. */
static void refuses_doubles(const struct key *key, const struct key *other)
{
	struct host host = {0};
	struct key *third = host_make_key("three", 2);
	host_open(&host);
	is_refused(&host, third, "this secret belongs to a key already, or did before", "another key with a key's secret");
	memset(third->hash, 1, sizeof(third->hash));
	is_refused(&host, third, "this secret belongs to a key already, or did before", "or with one it had before");
	memset(third->hash, 4, sizeof(third->hash));
	memcpy(third->name, other->name, sizeof(third->name));
	is_refused(&host, third, "there is an active key of this name already", "a second active key of one name");
	is_int((long long)third->generation, 0, "nothing is counted that was refused");
	memcpy(third->name, key->name, sizeof(third->name));
	is_saved(&host, third, 5, "a key of a revoked one's name");
	struct key *fourth = host_make_key("four", 5);
	fourth->expires = 100;
	is_saved(&host, fourth, 6, "a key that expires");
	struct key *fifth = host_make_key("five", 6);
	memcpy(fifth->name, fourth->name, sizeof(fifth->name));
	fifth->changed = 100;
	is_saved(&host, fifth, 7, "and then another of its name");
	host_close(&host);
	free(third);
	free(fourth);
	free(fifth);
}

static void refuses_stale_changes(struct key *other)
{
	struct host host = {0};
	struct key *stale = key_copy(other), *absent = host_make_key("six", 7), *again = host_make_key("two", 8);
	host_open(&host);
	stale->generation--;
	is_refused(&host, stale, "the key was changed elsewhere meanwhile: look at it and try again",
	           "a change of a key that is not like that any more");
	absent->generation = 2;
	is_refused(&host, absent, "the key was changed elsewhere meanwhile: look at it and try again",
	           "a change of a key that is not there");
	is_refused(&host, again, "the key was changed elsewhere meanwhile: look at it and try again",
	           "a new key of an id that is there");
	other->revoked = 17;
	is_saved(&host, other, 8, "but one of the key as it is");
	host_close(&host);
	free(stale);
	free(absent);
	free(again);
}

static void keeps_long_lists(void)
{
	enum { NAME = 64 };
	struct host host = {0};
	char models[MODEL_LIST_MAX + 1];
	for (size_t i = 0; i < MODEL_LIST_MAX; i++)
		models[i] = i % NAME == NAME - 1 ? '\n' : 'm';
	models[MODEL_LIST_MAX - 1] = 'm';
	models[MODEL_LIST_MAX] = '\0';
	struct key *key = key_new(models), *plain = host_make_key("long", 9);
	size_t size = offsetof(struct key, models);
	memcpy(key, plain, size);
	host_open(&host);
	is_saved(&host, key, 9, "a key with the longest list of models");
	host_close(&host);
	host_open(&host);
	ok(has(&host, key), "is the same after reopening");
	host_close(&host);
	free(key);
	free(plain);
}

static void reaches_other_hosts(void)
{
	struct host here = {0}, there = {0};
	host_open(&here);
	host_open(&there);
	struct key *key = host_make_key("shared", 10);
	is_saved(&here, key, 10, "a key, here");
	host_wait_for(&there, "shared", 10);
	ok(has(&there, key), "is handed over there");
	key->revoked = 20;
	is_saved(&there, key, 11, "a change, there");
	host_wait_for(&here, "shared", 11);
	ok(has(&here, key), "is handed over here");
	host_close(&here);
	host_close(&there);
	free(key);
}

static unsigned count_saved(const struct host_outcome *outcomes)
{
	return (outcomes[0].outcome == STORE_SAVED ? 1u : 0u) + (outcomes[1].outcome == STORE_SAVED ? 1u : 0u);
}

/* Both hosts save at one time; one of them must lose. */
static void race(struct host *hosts, struct key *const *keys, const char *what)
{
	struct host_outcome outcomes[2];
	for (int i = 0; i < 2; i++)
		host_begin_save(&hosts[i], keys[i], &outcomes[i]);
	for (int i = 0; i < 2; i++)
		host_wait(&outcomes[i]);
	is_int(count_saved(outcomes), 1, "of two %s at one time, one is saved", what);
	for (int i = 0; i < 2; i++)
		if (outcomes[i].outcome == STORE_SAVED)
			keys[0]->generation = keys[1]->generation = outcomes[i].generation;
}

static void lets_one_host_win(void)
{
	struct host hosts[2] = {{0}};
	for (int i = 0; i < 2; i++)
		host_open(&hosts[i]);
	for (unsigned i = 0; i < 20; i++) {
		char name[KEY_NAME_MAX + 1];
		snprintf(name, sizeof(name), "race %u", i);
		struct key *keys[2];
		for (unsigned j = 0; j < 2; j++) {
			char id[KEY_ID_MAX + 1];
			snprintf(id, sizeof(id), "race%u%c", i, i % 2 == 0 ? 'a' + (int)j : 'a');
			keys[j] = host_make_key(id, (uint8_t)(100 + 2 * i + (i % 4 == 0 ? 0 : j)));
			if (i % 4 != 0)
				memcpy(keys[j]->name, name, sizeof(name));
		}
		race(hosts, keys, i % 4 == 0 ? "keys with one secret" : i % 2 == 0 ? "keys of one name" : "keys with one id");
		free(keys[0]);
		free(keys[1]);
	}
	for (int i = 0; i < 2; i++)
		host_close(&hosts[i]);
}

static void lets_one_change_win(void)
{
	struct host hosts[2] = {{0}};
	struct key *keys[2] = {host_make_key("contested", 11), NULL};
	for (int i = 0; i < 2; i++)
		host_open(&hosts[i]);
	host_save(&hosts[0], keys[0]);
	keys[1] = key_copy(keys[0]);
	for (unsigned i = 0; i < 10; i++) {
		keys[0]->changed = keys[1]->changed = i;
		race(hosts, keys, "changes of a key");
	}
	for (int i = 0; i < 2; i++) {
		host_close(&hosts[i]);
		free(keys[i]);
	}
}

int main(void)
{
	char clean[64];
	snprintf(clean, sizeof(clean), "rm -r %s", host_prepare());
	struct key *key = host_make_key("one", 1), *other = host_make_key("two", 2);
	keeps_keys(key, other);
	refuses_doubles(key, other);
	refuses_stale_changes(other);
	keeps_long_lists();
	if (host_is_shared()) {
		reaches_other_hosts();
		lets_one_host_win();
		lets_one_change_win();
	}
	free(key);
	free(other);
	return system(clean) != 0 || tap_done() != 0;
}
