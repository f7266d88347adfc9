#include "../../limiterd/ledger.h"

#include <string.h>

#include "../tap/tap.h"

static struct ledger ledger;

static const uint8_t *lease_id(uint64_t number)
{
	static uint8_t id[LEASE_ID_SIZE];
	memcpy(id, &number, sizeof(number));
	return id;
}

static void test_finding(void)
{
	struct ledger_row *row = ledger_add(&ledger, lease_id(1), 7, 1);
	ok(ledger_find(&ledger, lease_id(1)) == row, "a row is found by its lease");
	ok(ledger_find_take(&ledger, 7, 1) == row, "and by its take");
	ok(ledger_find(&ledger, lease_id(1 + LEDGER_HASHES)) == NULL, "not by another lease of the same hash");
	ok(ledger_find_take(&ledger, 7, 2) == NULL, "nor by the same id of another edge");
	struct ledger_row *adopted = ledger_adopt(&ledger, lease_id(2));
	ok(ledger_find(&ledger, lease_id(2)) == adopted && ledger_find_take(&ledger, 2, 1) == NULL,
	   "an adopted one is known by its lease alone");
	ledger_remove(&ledger, adopted);
	ledger_remove(&ledger, row);
	ok(!ledger_find(&ledger, lease_id(1)) && !ledger_find_take(&ledger, 7, 1), "a removed row is found no more");
	is_int((long long)ledger.open_count, 0, "nor counted");
}

static void test_due(void)
{
	struct ledger_row *a = ledger_add(&ledger, lease_id(1), 1, 1), *b = ledger_add(&ledger, lease_id(2), 2, 1);
	ok(ledger_first_due(&ledger) == NULL, "who waits is not due");
	ledger_lease(&ledger, a, LEDGER_GIVEN, 100);
	ledger_lease(&ledger, b, LEDGER_GIVEN, 110);
	ok(ledger_first_due(&ledger) == a, "the lease given first is due first");
	ledger_lease(&ledger, a, LEDGER_KEPT, 200);
	ok(ledger_first_due(&ledger) == b, "one that is kept is due later");
	ledger_finish(&ledger, b, LEDGER_DROPPED);
	ok(ledger_first_due(&ledger) == a, "one that is done is not due");
	ok(ledger_find(&ledger, lease_id(2)) == b && b->state == LEDGER_DROPPED, "but remembered");
	ledger_lease(&ledger, b, LEDGER_KEPT, 300);
	ok(ledger.open_count == 2 && ledger.done_count == 0, "and may be taken up again");
	ledger_remove(&ledger, a);
	ledger_remove(&ledger, b);
}

static void test_bounds(void)
{
	unsigned wrong = 0;
	for (uint64_t i = 1; i <= LEDGER_OPEN_MAX; i++)
		wrong += ledger_add(&ledger, lease_id(i), i, 1) == NULL;
	is_int(wrong, 0, "as many rows are open as may be");
	ok(ledger_add(&ledger, lease_id(0), 0, 1) == NULL, "and no more");
	for (uint64_t i = 1; i <= LEDGER_OPEN_MAX; i++)
		ledger_finish(&ledger, ledger_find(&ledger, lease_id(i)), LEDGER_SETTLED);
	is_int((long long)ledger.done_count, LEDGER_DONE_MAX, "only so many are remembered when they are done");
	ok(ledger_find(&ledger, lease_id(1)) == NULL, "the oldest is forgotten");
	ok(ledger_find(&ledger, lease_id(LEDGER_OPEN_MAX)) != NULL, "the latest is not");
	while (!TAILQ_EMPTY(&ledger.done))
		ledger_remove(&ledger, TAILQ_FIRST(&ledger.done));
	for (size_t i = 0; i < LEDGER_HASHES; i++)
		wrong += ledger.by_lease[i] != NULL || ledger.by_take[i] != NULL;
	is_int(wrong, 0, "nothing is left behind");
}

int main(void)
{
	ledger_init(&ledger);
	test_finding();
	test_due();
	test_bounds();
	return tap_done();
}
