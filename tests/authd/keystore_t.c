#include "../../authd/keystore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../authd/verify.h"
#include "../tap/tap.h"

enum { MANY = 5000, NOW = 1000000, LIFE = 5000 };

/* A hash nobody else has; equal first bytes when `crowd`, so that all fall into one place of the table. */
static void set_hash(uint8_t *hash, unsigned number, bool crowd)
{
	memset(hash, 0x77, CREDENTIAL_HASH_SIZE);
	memcpy(hash + (crowd ? 16 : 0), &number, sizeof(number));
}

static struct key *make_key(unsigned number, bool crowd)
{
	struct key *key = key_new("m1\nm2");
	snprintf(key->id, sizeof(key->id), "id%08u", number * 2654435761u % 100000000u);
	snprintf(key->name, sizeof(key->name), "name %u", number);
	set_hash(key->hash, number, crowd);
	key->generation = number + 1;
	return key;
}

static void put(struct keystore *keys, struct key *key)
{
	keystore_reserve(keys);
	keystore_put(keys, key);
}

static unsigned count_matches(const struct keystore *keys, bool crowd)
{
	unsigned found = 0;
	for (unsigned i = 0; i < MANY; i++) {
		uint8_t hash[CREDENTIAL_HASH_SIZE];
		set_hash(hash, i, crowd);
		struct keystore_match match = keystore_match(keys, hash);
		found += match.key && !match.former && match.key->generation == i + 1;
	}
	return found;
}

static void many(bool crowd)
{
	struct keystore *keys = keystore_new();
	uint8_t stranger[CREDENTIAL_HASH_SIZE];
	for (unsigned i = 0; i < MANY; i++)
		put(keys, make_key(i, crowd));
	is_int((long long)keystore_count(keys), MANY, "%d keys", MANY);
	is_int(count_matches(keys, crowd), MANY, "each is found by its hash%s", crowd ? ", all in one place" : "");
	set_hash(stranger, MANY, crowd);
	ok(!keystore_match(keys, stranger).key, "a stranger is not");
	bool sorted = true;
	for (size_t i = 1; i < MANY; i++)
		sorted &= strcmp(keystore_at(keys, i - 1)->id, keystore_at(keys, i)->id) < 0;
	ok(sorted, "they are in the order of their ids");
	const struct key *some = keystore_at(keys, MANY / 2);
	ok(keystore_find(keys, some->id) == some, "one is found by its id");
	is_int((long long)keystore_after(keys, some->id), MANY / 2 + 1, "and the next one after it");
	ok(!keystore_find(keys, "") && !keystore_find(keys, "zz"), "ids of no key are not found");
	keystore_free(keys);
}

static void every_bit_counts(void)
{
	struct keystore *keys = keystore_new();
	uint8_t hash[CREDENTIAL_HASH_SIZE];
	unsigned found = 0;
	put(keys, make_key(1, false));
	set_hash(hash, 1, false);
	for (unsigned bit = 0; bit < CREDENTIAL_HASH_SIZE * 8; bit++) {
		hash[bit / 8] ^= (uint8_t)(1u << bit % 8);
		found += keystore_match(keys, hash).key != NULL;
		hash[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	is_int(found, 0, "a hash that differs in one bit is a stranger's");
	keystore_free(keys);
}

static struct key *rotated(const struct key *key, unsigned number, uint64_t until)
{
	struct key *changed = key_copy(key);
	changed->former.until = until;
	changed->former.generation = key->generation;
	memcpy(changed->former.hash, key->hash, CREDENTIAL_HASH_SIZE);
	set_hash(changed->hash, number, false);
	changed->generation = key->generation + 100;
	return changed;
}

static void rotation(void)
{
	struct keystore *keys = keystore_new();
	struct key *key = make_key(1, false);
	uint8_t first[CREDENTIAL_HASH_SIZE], second[CREDENTIAL_HASH_SIZE], third[CREDENTIAL_HASH_SIZE];
	set_hash(first, 1, false);
	set_hash(second, 2, false);
	set_hash(third, 3, false);
	put(keys, key);
	put(keys, rotated(key, 2, NOW));
	is_int((long long)keystore_count(keys), 1, "a changed key takes the place of the old");
	ok(!keystore_match(keys, second).former && keystore_match(keys, first).former,
	   "the new secret, and the former one");
	put(keys, rotated(keystore_at(keys, 0), 3, NOW));
	ok(!keystore_match(keys, first).key, "the one before is forgotten");
	ok(keystore_match(keys, second).former && keystore_match(keys, third).key, "the two last are known");
	keystore_free(keys);
}

/* The verdict on a credential: a reason, or -1 for a grant. */
static int verdict(const struct keystore *keys, unsigned number, uint64_t now, struct grant *grant)
{
	struct auth_deny deny;
	uint8_t hash[CREDENTIAL_HASH_SIZE];
	set_hash(hash, number, false);
	return verify_credential(keys, hash, now, LIFE, grant, &deny) ? -1 : (int)deny.reason;
}

static void verdicts(void)
{
	struct keystore *keys = keystore_new();
	struct key *key = make_key(1, false);
	static struct grant grant;
	key->limits = (struct limits){.rpm = 1, .tpm = 2, .concurrency = 3, .budget = 4, .period = BUDGET_DAY};
	key->expires = NOW + 2 * LIFE;
	put(keys, key);
	is_int(verdict(keys, 9, NOW, &grant), AUTH_UNKNOWN, "a stranger is unknown");
	is_int(verdict(keys, 1, NOW, &grant), -1, "a key is granted");
	is_text(grant.key_id, key->id, "with its id");
	is_text(grant.key_name, "name 1", "its name");
	is_text(grant.models, "m1\nm2", "its models");
	is_int((long long)grant.generation, 2, "its generation");
	ok(grant.limits.rpm == 1 && grant.limits.tpm == 2 && grant.limits.concurrency == 3 && grant.limits.budget == 4 &&
	       grant.limits.period == BUDGET_DAY,
	   "its limits");
	is_int((long long)grant.expires, NOW + LIFE, "for as long as a grant lives");
	verdict(keys, 1, NOW + 2 * LIFE - 1, &grant);
	is_int((long long)grant.expires, NOW + 2 * LIFE, "but not longer than the key");
	is_int(verdict(keys, 1, NOW + 2 * LIFE, &grant), AUTH_EXPIRED, "which is then over");
	keystore_free(keys);
}

static void verdicts_on_changes(void)
{
	struct keystore *keys = keystore_new();
	static struct grant grant;
	put(keys, make_key(1, false));
	put(keys, rotated(keystore_at(keys, 0), 2, NOW + 10));
	is_int(verdict(keys, 2, NOW, &grant), -1, "a new secret works");
	is_int((long long)grant.generation, 102, "with the new generation");
	is_int(verdict(keys, 1, NOW, &grant), -1, "in its grace the old one does too");
	is_int((long long)grant.generation, 2, "with the old generation");
	is_int((long long)grant.expires, NOW + 10, "until the grace ends");
	is_int((long long)key_floor(keystore_at(keys, 0), NOW), 2, "so stamps of both are good");
	is_int(verdict(keys, 1, NOW + 10, &grant), AUTH_REVOKED, "after that it is revoked");
	is_int((long long)key_floor(keystore_at(keys, 0), NOW + 10), 102, "and its stamps are void");
	struct key *revoked = key_copy(keystore_at(keys, 0));
	revoked->revoked = NOW;
	revoked->generation = 103;
	put(keys, revoked);
	is_int(verdict(keys, 1, NOW, &grant), AUTH_REVOKED, "a revoked key's old secret is revoked, grace or not");
	is_int(verdict(keys, 2, NOW, &grant), AUTH_REVOKED, "so is the new one");
	is_int((long long)key_floor(keystore_at(keys, 0), NOW), 103, "and all stamps are void");
	keystore_free(keys);
}

static void names(void)
{
	struct keystore *keys = keystore_new();
	put(keys, make_key(1, false));
	ok(keystore_find_name(keys, "name 1", NOW), "an active key is found by its name");
	ok(!keystore_find_name(keys, "name", NOW), "by its whole name");
	struct key *revoked = key_copy(keystore_at(keys, 0));
	revoked->revoked = 1;
	put(keys, revoked);
	ok(!keystore_find_name(keys, "name 1", NOW), "a revoked one is not");
	keystore_free(keys);
}

int main(void)
{
	many(false);
	many(true);
	every_bit_counts();
	rotation();
	verdicts();
	verdicts_on_changes();
	names();
	return tap_done();
}
