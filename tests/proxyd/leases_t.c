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

static enum wire_error use_at(struct leases *leases, uint32_t number, uint64_t expires, uint64_t wall, uint64_t now)
{
	struct lease one = lease(number, expires);
	return leases_use(leases, &one, wall, now);
}

/* With a wall clock that nobody sets. */
static enum wire_error use(struct leases *leases, uint32_t number, uint64_t expires, uint64_t now)
{
	return use_at(leases, number, expires, now, now);
}

static void once(void)
{
	struct leases *leases = leases_new(0, 0, 0);
	is_int(use(leases, 1, 5000, 0), WIRE_OK, "a fresh lease");
	is_int(use(leases, 1, 5000, 1), WIRE_REPLAYED, "the same again");
	is_int(use(leases, 2, 5000, 1), WIRE_OK, "another");
	is_int(use(leases, 1 + LEASES_MAX, 5000, 1), WIRE_OK, "another in the same chain");
	is_int(use(leases, 1, 5000, 4999), WIRE_REPLAYED, "the first, just before it expires");
	is_int(use(leases, 3, 9000, 5000), WIRE_OK, "another, later");
	is_int(use(leases, 1, 9000, 5000), WIRE_REPLAYED, "while there is room nothing is forgotten");
	free(leases);
}

static void full(void)
{
	struct leases *leases = leases_new(0, 0, 0);
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
			bad += use(leases, ((round + 1) << 29) + i, 300000 + round * 100000, 200000 + round * 100000) != WIRE_OK;
	is_int(bad, 0, "the ring goes round");
	is_int(use(leases, 1, 600000, 500000), WIRE_OK, "and those before are forgotten");
	free(leases);
}

static void restarted(void)
{
	struct leases *leases = leases_new(5000, 1000, 1000);
	is_int(use(leases, 1, 6000, 1000), WIRE_REPLAYED, "a lease of before the start may have been used");
	is_int(use(leases, 2, 6001, 1000), WIRE_OK, "one made since was not");
	free(leases);
}

static void set_clock(void)
{
	enum { HOUR = 3600000 };
	struct leases *leases = leases_new(5000, HOUR, 0);
	is_int(use_at(leases, 1, HOUR + 16000, HOUR + 11000, 11000), WIRE_OK, "a lease is used");
	is_int(use_at(leases, 1, HOUR + 16000, HOUR + 7000, 17000), WIRE_REPLAYED, "no clock set back revives it");
	is_int(use_at(leases, 2, 6000, 1000, 18000), WIRE_OK, "set back beyond the start, it holds up nothing");
	unsigned bad = 0;
	for (uint32_t i = 0; i < LEASES_MAX; i++)
		bad += use_at(leases, 1000 + i, 2000, 1000, 30000) != WIRE_OK;
	is_int(bad, 0, "what was used by a clock that was ahead does not keep its room");
	free(leases);
}

int main(void)
{
	restarted();
	once();
	full();
	set_clock();
	return tap_done();
}
