/* The room for bodies, shared among keys. */
#include "../../edge/shares.h"

#include <stdio.h>

#include "../tap/tap.h"

enum { TOTAL = 1000 };

static void test_shares(void)
{
	struct share *one = shares_join("one"), *again = shares_join("one"), *other = shares_join("other");
	ok(one && one == again && one != other, "two bodies of one key have one share");
	ok(shares_take(one, 300, TOTAL) && shares_take(again, 200, TOTAL), "half of the room is one key's to have");
	ok(!shares_take(one, 1, TOTAL), "and no more");
	ok(shares_take(other, 250, TOTAL) && !shares_take(other, 1, TOTAL), "another has half of the rest");
	struct share *third = shares_join("third");
	ok(shares_take(third, 125, TOTAL) && !shares_take(third, 1, TOTAL), "and so on");
	shares_leave(again, 200);
	ok(!shares_take(one, 13, TOTAL) && shares_take(one, 12, TOTAL), "what others hold counts when more is wanted");
	shares_leave(one, 312);
	shares_leave(other, 250);
	ok(shares_take(third, 375, TOTAL) && !shares_take(third, 1, TOTAL), "who is left has half of all");
	shares_leave(third, 500);
}

static void test_bounds(void)
{
	struct share *share = shares_join("");
	ok(!shares_take(share, UINT64_MAX, TOTAL) && !shares_take(share, TOTAL, TOTAL), "no more than there is");
	ok(shares_take(share, 0, TOTAL) && shares_take(share, 500, TOTAL), "none, and half");
	ok(!shares_take(share, 1, 10), "nor when there is less by now");
	shares_leave(share, 500);
}

/* More keys than there are buckets. */
static void test_many(void)
{
	enum { MANY = 2000 };
	static struct share *shares[MANY];
	bool all = true;
	for (unsigned i = 0; i < MANY; i++) {
		char name[16];
		snprintf(name, sizeof(name), "key-%u", i);
		all = (shares[i] = shares_join(name)) != NULL && shares_take(shares[i], 1, 2 * MANY) && all;
	}
	for (unsigned i = 0; i < MANY; i++)
		shares_leave(shares[i], 1);
	struct share *share = shares_join("key-7");
	ok(all && shares_take(share, TOTAL / 2, TOTAL), "each of many keys has its own, and all of it comes back");
	shares_leave(share, TOTAL / 2);
}

int main(void)
{
	test_shares();
	test_bounds();
	test_many();
	return tap_done();
}
