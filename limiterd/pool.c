#include "pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"

struct pool_line {
	TAILQ_ENTRY(pool_line) turn;
	struct pool_line *next; /* of the same party, at another pool */
	struct pool *pool;
	struct pool_party *party;
	struct pool_waiters waiters;
	unsigned count;
};

void pool_init(struct pool *pool, const char *name, unsigned queue_max)
{
	*pool = (struct pool){.queue_max = queue_max};
	snprintf(pool->name, sizeof(pool->name), "%s", name);
	TAILQ_INIT(&pool->turns);
	TAILQ_INIT(&pool->deadlines);
}

bool pool_has_room(const struct pool *pool)
{
	return pool->in_use < pool->slots && pool->waiting == 0;
}

bool pool_take(struct pool *pool)
{
	if (!pool_has_room(pool))
		return false;
	pool->in_use++;
	return true;
}

void pool_adopt(struct pool *pool)
{
	pool->in_use++;
}

void pool_release(struct pool *pool)
{
	CHECK(pool->in_use > 0);
	pool->in_use--;
}

static struct pool_line *find_line(const struct pool *pool, const struct pool_party *party)
{
	struct pool_line *line = party->lines;
	while (line && line->pool != pool)
		line = line->next;
	return line;
}

static struct pool_line *add_line(struct pool *pool, struct pool_party *party)
{
	struct pool_line *line = malloc(sizeof(*line));
	CHECK(line);
	*line = (struct pool_line){.pool = pool, .party = party, .next = party->lines};
	TAILQ_INIT(&line->waiters);
	TAILQ_INSERT_TAIL(&pool->turns, line, turn);
	party->lines = line;
	return line;
}

static void drop_line(struct pool_line *line)
{
	struct pool_line **link = &line->party->lines;
	while (*link != line)
		link = &(*link)->next;
	*link = line->next;
	TAILQ_REMOVE(&line->pool->turns, line, turn);
	free(line);
}

/* From the back: nearly always the newest deadline is the latest. */
static void insert_by_deadline(struct pool_waiters *deadlines, struct pool_waiter *waiter)
{
	struct pool_waiter *before = TAILQ_LAST(deadlines, pool_waiters);
	while (before && before->deadline > waiter->deadline)
		before = TAILQ_PREV(before, pool_waiters, in_time);
	if (before)
		TAILQ_INSERT_AFTER(deadlines, before, waiter, in_time);
	else
		TAILQ_INSERT_HEAD(deadlines, waiter, in_time);
}

static struct pool_line *enter(struct pool *pool, struct pool_party *party, struct pool_waiter *waiter)
{
	struct pool_line *line = find_line(pool, party);
	if (!line)
		line = add_line(pool, party);
	waiter->line = line;
	insert_by_deadline(&pool->deadlines, waiter);
	line->count++;
	pool->waiting++;
	return line;
}

/* Who leaves a full queue so that the party may wait, already removed; NULL when nobody has to. */
static struct pool_waiter *displace(struct pool *pool, const struct pool_party *party)
{
	const struct pool_line *own = find_line(pool, party);
	struct pool_line *line, *longest = NULL;
	for (line = TAILQ_FIRST(&pool->turns); line; line = TAILQ_NEXT(line, turn))
		if (!longest || line->count > longest->count)
			longest = line;
	if (!longest || longest->count <= (own ? own->count : 0) + 1)
		return NULL;
	struct pool_waiter *newest = TAILQ_LAST(&longest->waiters, pool_waiters);
	pool_leave(newest);
	return newest;
}

bool pool_join(struct pool *pool, struct pool_party *party, struct pool_waiter *waiter, uint64_t deadline,
               struct pool_waiter **displaced)
{
	*displaced = NULL;
	if (pool->acquire_timeout == 0)
		return false;
	if (pool->waiting >= pool->queue_max) {
		*displaced = displace(pool, party);
		if (!*displaced)
			return false;
	}
	waiter->deadline = deadline;
	struct pool_line *line = enter(pool, party, waiter);
	TAILQ_INSERT_TAIL(&line->waiters, waiter, in_line);
	return true;
}

/* Others of its line may have been given out with it, and be back already. */
void pool_return(struct pool *pool, struct pool_party *party, struct pool_waiter *waiter)
{
	struct pool_line *line = enter(pool, party, waiter);
	struct pool_waiter *after = TAILQ_FIRST(&line->waiters);
	while (after && after->deadline < waiter->deadline)
		after = TAILQ_NEXT(after, in_line);
	if (after)
		TAILQ_INSERT_BEFORE(after, waiter, in_line);
	else
		TAILQ_INSERT_TAIL(&line->waiters, waiter, in_line);
	TAILQ_REMOVE(&pool->turns, line, turn);
	TAILQ_INSERT_HEAD(&pool->turns, line, turn);
}

void pool_leave(struct pool_waiter *waiter)
{
	struct pool_line *line = waiter->line;
	TAILQ_REMOVE(&line->waiters, waiter, in_line);
	TAILQ_REMOVE(&line->pool->deadlines, waiter, in_time);
	waiter->line = NULL;
	line->pool->waiting--;
	if (--line->count == 0)
		drop_line(line);
}

struct pool_waiter *pool_next(struct pool *pool)
{
	struct pool_line *line = TAILQ_FIRST(&pool->turns);
	if (!line || pool->in_use >= pool->slots)
		return NULL;
	struct pool_waiter *waiter = TAILQ_FIRST(&line->waiters);
	TAILQ_REMOVE(&pool->turns, line, turn);
	TAILQ_INSERT_TAIL(&pool->turns, line, turn);
	pool_leave(waiter);
	pool->in_use++;
	return waiter;
}

struct pool_waiter *pool_late(struct pool *pool, uint64_t now)
{
	struct pool_waiter *first = TAILQ_FIRST(&pool->deadlines);
	if (!first || first->deadline > now)
		return NULL;
	pool_leave(first);
	return first;
}

uint64_t pool_deadline(const struct pool *pool)
{
	const struct pool_waiter *first = TAILQ_FIRST(&pool->deadlines);
	return first ? first->deadline : POOL_NO_DEADLINE;
}

/* --- slots that are counted elsewhere --- */

static void suppose_room(struct pool *pool)
{
	if (pool->in_use >= pool->slots && pool->slots > 0)
		pool->in_use = pool->slots - 1;
}

void pool_heard(struct pool *pool, uint64_t in_use, uint64_t now)
{
	pool->in_use = (unsigned)in_use + pool->asking;
	pool->next_guess = now + POOL_GUESS_MS;
	if (pool->guessing && pool->freed)
		suppose_room(pool);
	pool->guessing = pool->freed = false;
}

void pool_freed(struct pool *pool)
{
	if (pool->guessing && pool->asking > 0)
		pool->freed = true;
	else if (pool->in_use > 0)
		pool->in_use--;
}

static bool is_guessed_at(const struct pool *pool)
{
	return pool->waiting > 0 && pool->asking == 0;
}

void pool_guess(struct pool *pool, uint64_t now)
{
	if (!is_guessed_at(pool) || pool->next_guess > now)
		return;
	pool->next_guess = now + POOL_GUESS_MS;
	pool->guessing = true;
	suppose_room(pool);
}

void pool_doubt(struct pool *pool, uint64_t now)
{
	if (pool->waiting == 0 && pool->asking == 0 && pool->next_guess <= now)
		suppose_room(pool);
}

uint64_t pool_guess_due(const struct pool *pool)
{
	uint64_t due = pool_deadline(pool);
	return is_guessed_at(pool) && pool->next_guess < due ? pool->next_guess : due;
}

/* --- all pools --- */

struct pool *pools_find(const struct pools *pools, const char *name)
{
	struct pool *pool = pools->first;
	while (pool && strcmp(pool->name, name) != 0)
		pool = pool->next;
	return pool;
}

static struct pool *add_pool(struct pools *pools, const char *name, unsigned queue_max)
{
	struct pool **end = &pools->first;
	while (*end)
		end = &(*end)->next;
	*end = malloc(sizeof(**end));
	CHECK(*end);
	pool_init(*end, name, queue_max);
	return *end;
}

static void drop_unused(struct pools *pools)
{
	struct pool **link = &pools->first;
	while (*link) {
		struct pool *pool = *link;
		if (pool->slots > 0 || pool->in_use > 0 || pool->waiting > 0 || pool->asking > 0) {
			link = &pool->next;
			continue;
		}
		*link = pool->next;
		free(pool);
	}
}

void pools_update(struct pools *pools, const struct models *models, unsigned queue_max)
{
	for (struct pool *pool = pools->first; pool; pool = pool->next)
		pool->slots = 0;
	free(pools->of_upstream);
	pools->of_upstream = calloc(models->upstream_count, sizeof(struct pool *));
	CHECK(pools->of_upstream);
	for (size_t i = 0; i < models->upstream_count; i++) {
		const struct upstream *upstream = &models->upstreams[i];
		struct pool *pool = pools_find(pools, upstream->name);
		if (!pool)
			pool = add_pool(pools, upstream->name, queue_max);
		pool->slots = upstream->slots;
		pool->acquire_timeout = upstream->acquire_timeout;
		pools->of_upstream[i] = pool;
	}
	drop_unused(pools);
}
