/*
 * Every take under way, every lease given, and the last ones that are done, so
 * that a KEEP or SETTLE said twice, or too late, is understood.
 *
 * Both kinds of row are bounded; when OPEN rows run out no lease is given, and
 * of the done ones the oldest is forgotten.
 */
#ifndef LIMITERD_LEDGER_H
#define LIMITERD_LEDGER_H

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "../proto/wire/stamp.h"

enum { LEDGER_OPEN_MAX = 65536, LEDGER_DONE_MAX = 32768, LEDGER_HASHES = 16384 };

/* Up to LEDGER_KEPT a row is open and holds something. */
enum ledger_state {
	LEDGER_WAITING, /* the take is not answered yet */
	LEDGER_GIVEN,   /* leased, and not heard of since */
	LEDGER_KEPT,    /* leased, and in use */
	LEDGER_DROPPED, /* given up: neither kept nor settled in time, or cancelled */
	LEDGER_SETTLED
};

struct account;
struct pool;
struct take;

struct ledger_row {
	uint8_t lease_id[LEASE_ID_SIZE];
	uint64_t take_id; /* frame id of the TAKE */
	uint32_t era;     /* of the edge link the TAKE came by; 0: none, the lease was adopted */
	enum ledger_state state;
	struct account *account; /* NULL when done */
	struct pool *pool;       /* NULL when done, or no slot is held */
	struct take *take;       /* while waiting */
	uint64_t tokens;         /* reserved; when dropped: charged */
	uint64_t due;            /* ms: when a lease given or kept is given up */
	struct ledger_row *same_lease_hash, *same_take_hash;
	TAILQ_ENTRY(ledger_row) place;
};

TAILQ_HEAD(ledger_rows, ledger_row);

struct ledger {
	struct ledger_row *by_lease[LEDGER_HASHES];
	struct ledger_row *by_take[LEDGER_HASHES];
	uint8_t secret[crypto_shorthash_KEYBYTES]; /* ids come from peers: they must not choose the chain */
	struct ledger_rows waiting;
	struct ledger_rows leased; /* earliest due first */
	struct ledger_rows done;   /* oldest first */
	size_t open_count, done_count;
};

void ledger_init(struct ledger *ledger);

/* A new row in state LEDGER_WAITING.  NULL when there are too many. */
struct ledger_row *ledger_add(struct ledger *ledger, const uint8_t *lease_id, uint64_t take_id, uint32_t era);

/* The same for a lease that was given before this process began; no TAKE finds it. */
struct ledger_row *ledger_adopt(struct ledger *ledger, const uint8_t *lease_id);

struct ledger_row *ledger_find(const struct ledger *ledger, const uint8_t *lease_id);
struct ledger_row *ledger_find_take(const struct ledger *ledger, uint64_t take_id, uint32_t era);

/* The lease is given or kept and now due at `due`, which must not be before that of any other. */
void ledger_lease(struct ledger *ledger, struct ledger_row *row, enum ledger_state state, uint64_t due);

/* The row is done: dropped or settled.  It may be forgotten at the next call of this. */
void ledger_finish(struct ledger *ledger, struct ledger_row *row, enum ledger_state state);

/* A take that ended without a lease leaves no trace. */
void ledger_remove(struct ledger *ledger, struct ledger_row *row);

/* The lease that is due first, or NULL. */
struct ledger_row *ledger_first_due(const struct ledger *ledger);

#endif
