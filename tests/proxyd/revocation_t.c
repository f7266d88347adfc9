#include "../../proxyd/revocation.h"

#include <stdio.h>

#include "../tap/tap.h"

static struct revocations revocations;

static void revoke(const char *key, uint64_t generation, uint64_t now)
{
	struct auth_revoke one = {.generation = generation};
	snprintf(one.key_id, sizeof(one.key_id), "%s", key);
	revocation_add(&revocations, &one, now);
}

static bool covers(const char *key, uint64_t generation, uint64_t now)
{
	static struct lease lease;
	lease.generation = generation;
	snprintf(lease.key_id, sizeof(lease.key_id), "%s", key);
	return revocation_covers(&revocations, &lease, now);
}

static void generations(void)
{
	ok(!covers("alice", 1, 0), "nothing is revoked");
	revoke("alice", 3, 0);
	ok(covers("alice", 2, 0), "an older generation is void");
	ok(!covers("alice", 3, 0), "the named one is not");
	ok(!covers("bob", 2, 0), "nor is another key");
	revoke("alice", 2, 10);
	ok(covers("alice", 2, 10), "an older revocation takes nothing back");
	revoke("alice", 4, 20);
	ok(covers("alice", 3, 20), "a newer one goes further");
	ok(covers("alice", 3, 20 + REVOCATION_MS - 1), "remembered as long as a lease can live");
	ok(!covers("alice", 3, 20 + REVOCATION_MS), "and then forgotten");
}

static void full(void)
{
	char key[16];
	uint64_t now = 10 * REVOCATION_MS;
	for (unsigned i = 0; i < REVOCATIONS_MAX; i++) {
		snprintf(key, sizeof(key), "key%u", i);
		revoke(key, 2, now);
	}
	ok(covers("key0", 1, now) && covers("key4095", 1, now), "the table is full");
	ok(!covers("other", 1, now), "other keys go on");
	revoke("last", 2, now + 1000);
	ok(covers("last", 1, now + 1000) && covers("other", 9, now + 1000), "one more than fits: every lease is refused");
	now += 1000 + REVOCATION_MS;
	ok(!covers("other", 1, now), "until it could be forgotten");
	revoke("other", 2, now);
	ok(covers("other", 1, now) && !covers("key0", 1, now), "and there is room again");
}

int main(void)
{
	generations();
	full();
	return tap_done();
}
