#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"

void ledger_init(struct ledger *ledger)
{
	memset(ledger, 0, sizeof(*ledger));
	randombytes_buf(ledger->secret, sizeof(ledger->secret));
	TAILQ_INIT(&ledger->waiting);
	TAILQ_INIT(&ledger->leased);
	TAILQ_INIT(&ledger->done);
}

static size_t hash(const struct ledger *ledger, const void *id, size_t size)
{
	uint64_t value;
	_Static_assert(sizeof(value) == crypto_shorthash_BYTES, "a hash is one number");
	crypto_shorthash((uint8_t *)&value, id, size, ledger->secret);
	return value % LEDGER_HASHES;
}

static size_t hash_lease(const struct ledger *ledger, const uint8_t *lease_id)
{
	return hash(ledger, lease_id, LEASE_ID_SIZE);
}

static size_t hash_take(const struct ledger *ledger, uint64_t take_id)
{
	return hash(ledger, &take_id, sizeof(take_id));
}

static bool is_open(enum ledger_state state)
{
	return state <= LEDGER_KEPT;
}

static struct ledger_rows *list_of(struct ledger *ledger, enum ledger_state state)
{
	if (state == LEDGER_WAITING)
		return &ledger->waiting;
	return is_open(state) ? &ledger->leased : &ledger->done;
}

static void move(struct ledger *ledger, struct ledger_row *row, enum ledger_state state)
{
	TAILQ_REMOVE(list_of(ledger, row->state), row, place);
	TAILQ_INSERT_TAIL(list_of(ledger, state), row, place);
	if (is_open(row->state) && !is_open(state)) {
		ledger->open_count--;
		ledger->done_count++;
	} else if (!is_open(row->state) && is_open(state)) {
		ledger->open_count++;
		ledger->done_count--;
	}
	row->state = state;
}

struct ledger_row *ledger_add(struct ledger *ledger, const uint8_t *lease_id, uint64_t take_id, uint32_t era)
{
	struct ledger_row **lease = &ledger->by_lease[hash_lease(ledger, lease_id)];
	struct ledger_row **take = &ledger->by_take[hash_take(ledger, take_id)];
	if (ledger->open_count >= LEDGER_OPEN_MAX)
		return NULL;
	struct ledger_row *row = malloc(sizeof(*row));
	CHECK(row);
	*row = (struct ledger_row){.take_id = take_id, .era = era, .same_lease_hash = *lease, .same_take_hash = *take};
	memcpy(row->lease_id, lease_id, LEASE_ID_SIZE);
	*lease = row;
	*take = row;
	TAILQ_INSERT_TAIL(&ledger->waiting, row, place);
	ledger->open_count++;
	return row;
}

struct ledger_row *ledger_adopt(struct ledger *ledger, const uint8_t *lease_id)
{
	uint64_t spread;
	memcpy(&spread, lease_id, sizeof(spread));
	return ledger_add(ledger, lease_id, spread, 0);
}

struct ledger_row *ledger_find(const struct ledger *ledger, const uint8_t *lease_id)
{
	struct ledger_row *row = ledger->by_lease[hash_lease(ledger, lease_id)];
	while (row && memcmp(row->lease_id, lease_id, LEASE_ID_SIZE) != 0)
		row = row->same_lease_hash;
	return row;
}

struct ledger_row *ledger_find_take(const struct ledger *ledger, uint64_t take_id, uint32_t era)
{
	struct ledger_row *row = ledger->by_take[hash_take(ledger, take_id)];
	while (row && (row->take_id != take_id || row->era != era))
		row = row->same_take_hash;
	return row;
}

void ledger_lease(struct ledger *ledger, struct ledger_row *row, enum ledger_state state, uint64_t due)
{
	CHECK(state == LEDGER_GIVEN || state == LEDGER_KEPT);
	row->due = due;
	move(ledger, row, state);
}

void ledger_finish(struct ledger *ledger, struct ledger_row *row, enum ledger_state state)
{
	CHECK(!is_open(state));
	row->account = NULL;
	row->pool = NULL;
	move(ledger, row, state);
	if (ledger->done_count > LEDGER_DONE_MAX)
		ledger_remove(ledger, TAILQ_FIRST(&ledger->done));
}

void ledger_remove(struct ledger *ledger, struct ledger_row *row)
{
	struct ledger_row **lease = &ledger->by_lease[hash_lease(ledger, row->lease_id)];
	struct ledger_row **take = &ledger->by_take[hash_take(ledger, row->take_id)];
	while (*lease != row)
		lease = &(*lease)->same_lease_hash;
	while (*take != row)
		take = &(*take)->same_take_hash;
	*lease = row->same_lease_hash;
	*take = row->same_take_hash;
	TAILQ_REMOVE(list_of(ledger, row->state), row, place);
	if (is_open(row->state))
		ledger->open_count--;
	else
		ledger->done_count--;
	free(row);
}

struct ledger_row *ledger_first_due(const struct ledger *ledger)
{
	return TAILQ_FIRST(&ledger->leased);
}
