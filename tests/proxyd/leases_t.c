#include "../../proxyd/leases.h"

#include <stdlib.h>
#include <string.h>

#include "../tap/tap.h"

static struct lease lease(uint32_t number, uint64_t expires)
{
	struct lease lease = {.expires = expires};
	memcpy(lease.id, &number, sizeof(number));
	return lease;
}

static enum wire_error use(struct leases *leases, uint32_t number, uint64_t expires, uint64_t now)
{
	struct lease one = lease(number, expires);
	return leases_use(leases, &one, now);
}

static void once(void)
{
	struct leases *leases = leases_new(0);
	is_int(use(leases, 1, 5000, 0), WIRE_OK, "a fresh lease");
	is_int(use(leases, 1, 5000, 1), WIRE_REPLAYED, "the same again");
	is_int(use(leases, 2, 5000, 1), WIRE_OK, "another");
	is_int(use(leases, 1 + LEASES_MAX, 5000, 1), WIRE_OK, "another in the same chain");
	is_int(use(leases, 1, 5000, 4999), WIRE_REPLAYED, "the first, just before it expires");
	is_int(use(leases, 3, 9000, 5000), WIRE_OK, "the expired ones are forgotten");
	is_int(use(leases, 1, 9000, 5000), WIRE_OK, "so that their room can be used");
	free(leases);
}

static void full(void)
{
	struct leases *leases = leases_new(0);
	unsigned bad = 0;
	for (uint32_t i = 0; i < LEASES_MAX; i++)
		bad += use(leases, i * 7919, 5000 + i, 0) != WIRE_OK;
	is_int(bad, 0, "as many as there is room for");
	is_int(use(leases, 1, 9000, 0), WIRE_BUSY, "one more is refused");
	is_int(use(leases, 7919, 9000, 0), WIRE_REPLAYED, "a replay is still known");
	is_int(use(leases, 1, 9000, 5000), WIRE_OK, "there is room when the oldest expires");
	is_int(use(leases, 2, 9000, 5000), WIRE_BUSY, "for one");
	bad = 0;
	for (uint32_t round = 0; round < 3; round++)
		for (uint32_t i = 0; i < LEASES_MAX; i++)
			bad += use(leases, i, 200000 + round * 100000, 100000 + round * 100000) != WIRE_OK;
	is_int(bad, 0, "the ring goes round");
	free(leases);
}

static void restarted(void)
{
	struct leases *leases = leases_new(6000);
	is_int(use(leases, 1, 6000, 1000), WIRE_REPLAYED, "a lease of before the start may have been used");
	is_int(use(leases, 2, 6001, 1000), WIRE_OK, "one made since was not");
	free(leases);
}

int main(void)
{
	restarted();
	once();
	full();
	return tap_done();
}
