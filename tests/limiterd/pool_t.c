#include "../../limiterd/pool.h"

#include <stdlib.h>

#include "../tap/tap.h"

enum { KEYS = 3, WAITERS = 64 };

static struct pool pool;
static struct pool_party parties[KEYS];
static struct pool_waiter waiters[WAITERS];
static struct pool_waiter *displaced;

static void begin(unsigned slots, unsigned queue_max)
{
	pool_init(&pool, "ollama", queue_max);
	pool.slots = slots;
	pool.acquire_timeout = 1;
	for (size_t i = 0; i < KEYS; i++)
		parties[i] = (struct pool_party){0};
	for (size_t i = 0; i < WAITERS; i++)
		waiters[i] = (struct pool_waiter){0};
}

static void end(void)
{
	while (pool_late(&pool, POOL_NO_DEADLINE))
		continue;
}

static int next(void)
{
	struct pool_waiter *waiter = pool_next(&pool);
	return waiter ? (int)(waiter - waiters) : -1;
}

static bool join(int who, int key, uint64_t deadline)
{
	return pool_join(&pool, &parties[key], &waiters[who], deadline, &displaced);
}

static void test_slots(void)
{
	begin(2, 8);
	ok(pool_take(&pool) && pool_take(&pool), "slots are taken");
	ok(!pool_take(&pool), "as many as there are");
	join(0, 0, 100);
	is_int(next(), -1, "nobody is served while none is free");
	pool_release(&pool);
	ok(!pool_take(&pool), "a newcomer does not overtake who waits");
	is_int(next(), 0, "who gets the slot");
	is_int(pool.in_use, 2, "and holds it");
	is_int(next(), -1, "nobody else waits");
	pool_adopt(&pool);
	is_int(pool.in_use, 3, "a lease of before a restart counts beyond the slots");
	pool_release(&pool);
	ok(!pool_take(&pool), "and keeps others out until there is room");
	pool_release(&pool);
	ok(pool_take(&pool), "which there is now");
	end();
}

static void test_fairness(void)
{
	begin(1, 32);
	pool_take(&pool);
	for (int i = 0; i < 10; i++)
		join(i, 0, 100);
	for (int i = 10; i < 12; i++)
		join(i, 1, 100);
	join(12, 2, 100);
	static const int order[] = {0, 10, 12, 1, 11, 2, 3, 4};
	unsigned wrong = 0;
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		pool_release(&pool);
		wrong += next() != order[i];
	}
	is_int(wrong, 0, "keys take turns, and each key's callers come in their order");
	join(20, 1, 100);
	pool_release(&pool);
	is_int(next(), 5, "who joins anew waits for the turn of the others");
	pool_release(&pool);
	is_int(next(), 20, "but not longer");
	end();
}

static void test_leaving(void)
{
	begin(1, 8);
	pool_take(&pool);
	join(0, 0, 100);
	join(1, 0, 100);
	join(2, 1, 100);
	pool_leave(&waiters[0]);
	ok(!waiters[0].line, "who leaves waits no more");
	is_int(pool.waiting, 2, "and is not counted");
	pool_release(&pool);
	is_int(next(), 1, "the next of its key comes instead");
	pool_leave(&waiters[2]);
	pool_release(&pool);
	is_int(next(), -1, "nobody is left");
	ok(!parties[0].lines && !parties[1].lines && TAILQ_EMPTY(&pool.turns), "nor any line");
	join(2, 1, 100);
	is_int(next(), 2, "and one may come back");
	end();
}

static void test_deadlines(void)
{
	begin(1, 8);
	pool_take(&pool);
	ok(pool_deadline(&pool) == POOL_NO_DEADLINE, "no deadline while nobody waits");
	join(0, 0, 300);
	join(1, 1, 100);
	join(2, 0, 200);
	is_int((long long)pool_deadline(&pool), 100, "the earliest counts, in whatever order they came");
	ok(pool_late(&pool, 99) == NULL, "nobody is late before the time");
	ok(pool_late(&pool, 200) == &waiters[1], "the latest first");
	ok(pool_late(&pool, 200) == &waiters[2], "and then the next");
	ok(pool_late(&pool, 200) == NULL, "and no other");
	is_int((long long)pool_deadline(&pool), 300, "whose time is later");
	pool_release(&pool);
	is_int(next(), 0, "and who gets the slot");
	end();
}

static void test_full_queue(void)
{
	begin(1, 4);
	pool_take(&pool);
	for (int i = 0; i < 4; i++)
		join(i, 0, 100);
	ok(!join(4, 0, 100) && !displaced, "a full queue takes nobody, and a key does not displace its own");
	ok(join(4, 1, 100) && displaced == &waiters[3], "another displaces the newest of the longest line");
	ok(join(5, 2, 100) && displaced == &waiters[2], "a third key as well");
	ok(!join(6, 1, 100), "but not for a line that would be no shorter");
	is_int(pool.waiting, 4, "the queue stays as long as it may be");
	end();
}

static void test_return(void)
{
	begin(2, 8);
	pool_take(&pool);
	pool_take(&pool);
	for (int i = 0; i < 4; i++)
		join(i, 0, 100 + (uint64_t)i);
	join(4, 1, 200);
	pool_release(&pool);
	pool_release(&pool);
	is_int(next(), 0, "one is given a slot");
	is_int(next(), 4, "and another");
	pool_return(&pool, &parties[0], &waiters[0]);
	pool_release(&pool);
	is_int(pool.waiting, 4, "one that there is not: he waits again");
	ok(next() == 0, "and it is his turn");
	pool_release(&pool);
	is_int(next(), 1, "another of his line is next");
	pool_return(&pool, &parties[0], &waiters[0]);
	pool_return(&pool, &parties[0], &waiters[1]);
	pool_release(&pool);
	pool_release(&pool);
	is_int(next(), 0, "whoever goes back,");
	is_int(next(), 1, "a line keeps its order");
	ok(pool_late(&pool, 102) == &waiters[2] && pool_late(&pool, 102) == NULL, "and everyone his time");
	end();
}

static void test_no_wait(void)
{
	begin(1, 4);
	pool.acquire_timeout = 0;
	pool_take(&pool);
	ok(!join(0, 0, 100) && pool.waiting == 0, "where nobody may wait nobody does");
	end();
}

/* Slots that are counted elsewhere. */
static void test_hearsay(void)
{
	begin(2, 8);
	pool_heard(&pool, 2, 1000);
	ok(pool_guess_due(&pool) == POOL_NO_DEADLINE, "nothing is guessed while nobody waits");
	for (int i = 0; i < 4; i++)
		join(i, 0, 5000);
	is_int(next(), -1, "all slots are said to be in use");
	is_int((long long)pool_guess_due(&pool), 1000 + POOL_GUESS_MS, "whether one is free is guessed now and then");
	pool_guess(&pool, 1000 + POOL_GUESS_MS - 1);
	is_int(next(), -1, "not before its time");
	pool_guess(&pool, 1000 + POOL_GUESS_MS);
	is_int(next(), 0, "for whose turn it is");
	pool.asking = 1;
	ok(pool_guess_due(&pool) == 5000, "and one at a time");
	pool_freed(&pool);
	is_int(next(), -1, "a slot that is given back is not for the next while one is asked for");
	pool.asking = 0;
	pool_return(&pool, &parties[0], &waiters[0]);
	pool_heard(&pool, 2, 2000);
	is_int(next(), 0, "but for the one who asked too early");
	pool_heard(&pool, 0, 2000);
	is_int(next(), 1, "as many are asked for");
	is_int(next(), 2, "as are said to be free");
	is_int(next(), -1, "and no more");
	pool_freed(&pool);
	is_int(next(), 3, "until one is given back here");
	end();
}

static void test_doubt(void)
{
	begin(2, 8);
	pool_heard(&pool, 2, 1000);
	ok(!pool_has_room(&pool), "a pool that is said to be full has no room");
	pool_doubt(&pool, 1000 + POOL_GUESS_MS - 1);
	ok(!pool_has_room(&pool), "for a while");
	pool.asking = 1;
	pool_doubt(&pool, 1000 + POOL_GUESS_MS);
	ok(!pool_has_room(&pool), "and longer while it is being asked");
	pool.asking = 0;
	pool_doubt(&pool, 1000 + POOL_GUESS_MS);
	ok(pool_has_room(&pool) && pool.in_use == 1, "then one slot may be free");
	pool_heard(&pool, 2, 2000);
	join(0, 0, 5000);
	pool_doubt(&pool, 3000);
	ok(pool.in_use == 2, "which who waits finds out otherwise");
	end();
}

static void test_reload(void)
{
	struct upstream upstreams[] = {{.name = "a", .slots = 2, .acquire_timeout = 250}, {.name = "b", .slots = 1}};
	struct models models = {.upstreams = upstreams, .upstream_count = 2};
	struct pools pools = {0};
	pools_update(&pools, &models, 8);
	struct pool *a = pools.of_upstream[0], *b = pools.of_upstream[1];
	ok(pools_find(&pools, "a") == a && pools_find(&pools, "b") == b, "each upstream has its pool");
	ok(a->slots == 2 && a->acquire_timeout == 250 && a->queue_max == 8, "as the file says");
	pool_take(a);
	pool_take(b);
	upstreams[0].slots = 5;
	models.upstream_count = 1;
	pools_update(&pools, &models, 8);
	ok(pools_find(&pools, "a") == a && a->slots == 5 && a->in_use == 1, "a reload changes slots, not what is in use");
	ok(pools_find(&pools, "b") == b && b->slots == 0, "a pool no longer named lives while it is in use");
	pool_release(b);
	pools_update(&pools, &models, 8);
	ok(pools_find(&pools, "b") == NULL, "and goes when it is empty");
	pool_release(a);
	models.upstream_count = 0;
	pools_update(&pools, &models, 8);
	ok(pools.first == NULL, "all of them do");
	free(pools.of_upstream);
}

int main(void)
{
	test_slots();
	test_fairness();
	test_leaving();
	test_deadlines();
	test_full_queue();
	test_return();
	test_no_wait();
	test_hearsay();
	test_doubt();
	test_reload();
	return tap_done();
}
