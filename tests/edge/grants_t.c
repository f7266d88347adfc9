/* Grants are kept for as long as they are good, and for whom they were made. */
#include "../../edge/grants.h"

#include <stdio.h>
#include <string.h>

#include "../tap/tap.h"

enum { NOW = 1000000 };

static const uint8_t key[STAMP_KEY_SIZE] = {1, 2, 3};

static const struct grants_entry *keep(const uint8_t *credential, const char *id, uint64_t generation, uint64_t expires)
{
	uint8_t bytes[GRANT_MAX];
	struct wire_out out;
	struct grant grant = {.generation = generation, .expires = expires};
	snprintf(grant.key_id, sizeof(grant.key_id), "%s", id);
	snprintf(grant.key_name, sizeof(grant.key_name), "name of %s", id);
	wire_out_init(&out, bytes, sizeof(bytes));
	grant_seal(&out, &grant, key);
	return grants_keep(credential, (struct wire_bytes){bytes, out.length}, NOW);
}

static void test_life(void)
{
	uint8_t credential[CREDENTIAL_HASH_SIZE] = {1};
	ok(!grants_find(credential, NOW), "nothing is known at first");
	const struct grants_entry *entry = keep(credential, "k1", 1, NOW + 500);
	ok(entry && entry == grants_find(credential, NOW + 499), "a grant is found until it expires");
	if (!entry)
		return;
	is_text(entry->key_name, "name of k1", "with what it says");
	struct grant grant;
	ok(grant_open(entry->sealed, key, NOW, &grant) == WIRE_OK, "and as it was sealed");
	ok(!grants_find(credential, NOW + 500), "then it is gone");
	ok(!grants_find(credential, NOW), "for good");
	keep(credential, "k1", 1, NOW + 500);
	ok(!grants_find(credential, NOW - STAMP_LIFE_MAX_MS), "a clock stepped back prolongs nothing");
}

static void test_unfit(void)
{
	uint8_t credential[CREDENTIAL_HASH_SIZE] = {2};
	ok(!keep(credential, "k", 1, NOW), "an expired grant is not kept");
	ok(!keep(credential, "k", 1, NOW + STAMP_LIFE_MAX_MS + 1), "nor one that would live too long");
	ok(!grants_keep(credential, (struct wire_bytes){credential, sizeof(credential)}, NOW), "nor what is none");
	ok(!grants_find(credential, NOW), "and nothing is found");
}

/* Every bit of the credential counts. */
static void test_whole_credential(void)
{
	uint8_t credential[CREDENTIAL_HASH_SIZE] = {3};
	bool found = false;
	keep(credential, "k", 1, NOW + 500);
	for (unsigned bit = 0; bit < 8 * sizeof(credential); bit++) {
		credential[bit / 8] ^= (uint8_t)(1 << bit % 8);
		found = found || grants_find(credential, NOW);
		credential[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ok(!found, "a credential that differs in one bit is another");
	ok(grants_find(credential, NOW) != NULL, "while the right one is found");
	grants_drop(credential);
	ok(!grants_find(credential, NOW), "until it is dropped");
}

static void test_revocation(void)
{
	uint8_t old[CREDENTIAL_HASH_SIZE] = {4}, rotated[CREDENTIAL_HASH_SIZE] = {5}, other[CREDENTIAL_HASH_SIZE] = {6};
	keep(old, "k1", 1, NOW + 500);
	keep(rotated, "k1", 2, NOW + 500);
	keep(other, "k2", 1, NOW + 500);
	grants_revoke("k1", 2);
	ok(!grants_find(old, NOW), "an older generation goes");
	ok(grants_find(rotated, NOW) != NULL, "the one named stays");
	ok(grants_find(other, NOW) != NULL, "another key stays");
}

static void test_bound(void)
{
	uint8_t credential[CREDENTIAL_HASH_SIZE] = {7};
	for (unsigned i = 0; i < GRANTS_WAYS + 1; i++) {
		credential[1] = (uint8_t)i;
		keep(credential, "k", 1, NOW + 500 - i);
	}
	ok(grants_find(credential, NOW) != NULL, "a full set takes one more");
	credential[1] = GRANTS_WAYS - 1;
	ok(!grants_find(credential, NOW), "for the one that would have expired first");
	credential[1] = 0;
	ok(grants_find(credential, NOW) != NULL, "and keeps the others");
	const struct grants_entry *again = keep(credential, "k", 2, NOW + 900);
	ok(again && again == grants_find(credential, NOW + 600), "a second grant of a credential replaces the first");
	credential[1] = 1;
	ok(grants_find(credential, NOW) != NULL, "and no other");
}

int main(void)
{
	test_life();
	test_unfit();
	test_whole_credential();
	test_revocation();
	test_bound();
	return tap_done();
}
