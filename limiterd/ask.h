/*
 * Takes of which Redis is asked, and then their leases for as long as edge
 * may cancel them: found by the take's id, and in the order in which the next
 * thing is due.
 */
#ifndef LIMITERD_ASK_H
#define LIMITERD_ASK_H

#include "counters.h"

enum {
	ASKS_MAX = 65536, /* takes and leases at one time */
	ASK_HASHES = 16384
};

enum ask_state {
	ASK_SENT,     /* Redis will answer */
	ASK_WAITING,  /* for a slot, or to hear what the budget has used */
	ASK_LEASED,   /* no take any more */
	ASK_ABANDONED /* Redis will answer, and nobody waits for that: in no list, and the answer's to free() */
};

struct ask {
	void *owner;
	struct counted lease;
	uint64_t take_id;
	enum ask_state state;
	struct take *take;
	struct pool *pool; /* of which it asks for a slot; NULL: none */
	bool in_turn;      /* it has waited for a slot, and its turn has come */
	bool asked_again;  /* it was refused, and asked once more */
	bool elsewhere;    /* there was no slot where it asked first, and it asked at another upstream */
	uint64_t due;      /* ms: when the answer is late, or the lease is given up */
	struct ask *same_hash;
	TAILQ_ENTRY(ask) place;   /* in open or leased */
	TAILQ_ENTRY(ask) in_time; /* in sent */
};

TAILQ_HEAD(ask_list, ask);

struct asks {
	struct ask *by_take[ASK_HASHES];
	uint8_t secret[crypto_shorthash_KEYBYTES]; /* ids come from edge: it must not choose the chain */
	struct ask_list open;                      /* takes not answered, oldest first */
	struct ask_list sent;                      /* of those, the ones in state ASK_SENT; earliest due first */
	struct ask_list leased;                    /* earliest due first */
	unsigned count;
};

void ask_init(struct asks *asks);

/* In state ASK_WAITING; the take's account counts it as running.  NULL when there are too many. */
struct ask *ask_add(struct asks *asks, void *owner, struct take *take);

struct ask *ask_find(const struct asks *asks, uint64_t take_id);

/* Redis is being asked, until ask_answered() or ask_withdraw(). */
void ask_send(struct asks *asks, struct ask *ask, uint64_t due);
void ask_answered(struct asks *asks, struct ask *ask);

/* The take is leased; it is returned, and is the caller's. */
struct take *ask_lease(struct asks *asks, struct ask *ask, uint64_t due);

/* Takes the take back, as it was before ask_add(); the ask is gone or abandoned. */
struct take *ask_withdraw(struct asks *asks, struct ask *ask);

/* Forgets a lease. */
void ask_forget(struct asks *asks, struct ask *ask);

#endif
