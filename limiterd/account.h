/*
 * What one key may do and does: its rates, its requests at one time, its
 * budget.  All or nothing: a request refused for one reason has consumed
 * nothing of the others.
 *
 * Pure: the clock is passed in.
 */
#ifndef LIMITERD_ACCOUNT_H
#define LIMITERD_ACCOUNT_H

#include <sodium.h>

#include "bucket.h"
#include "budget.h"
#include "pool.h"

enum {
	ACCOUNTS_MAX = 65536, /* keys known at one time; beyond it a new key is refused */
	ACCOUNT_HASHES = 4096,
	ACCOUNT_IDLE_MS = 2 * 60 * 1000, /* an unused account is forgotten after */
	ACCOUNT_RETRY_MS = 1000          /* what is said when the time cannot be known */
};

struct instant {
	uint64_t now;  /* monotonic ms */
	uint64_t wall; /* ms since the epoch */
};

struct account {
	char key_id[KEY_ID_MAX + 1];
	char key_name[KEY_NAME_MAX + 1];
	uint64_t generation; /* of the grant the limits are from */
	struct bucket requests;
	struct bucket tokens;
	struct budget budget;
	uint32_t concurrency; /* 0: no limit */
	uint32_t running;     /* requests admitted: waiting for a slot, or leased */
	uint32_t asking;      /* takes that wait to hear of the budget's history */
	uint64_t question;    /* id of the USAGE_ASK under way; 0: none */
	uint64_t since;       /* what it asked about */
	uint64_t count, era;  /* shared.c's: what Redis had counted when the question came up */
	struct pool_party party;
	uint64_t used_at; /* ms */
	struct account *same_hash;
	TAILQ_ENTRY(account) by_use;
};

TAILQ_HEAD(account_list, account);

struct accounts {
	struct account *hashes[ACCOUNT_HASHES];
	uint8_t secret[crypto_shorthash_KEYBYTES]; /* of ids that proxyd makes up, too: it must not choose the chain */
	struct account_list by_use;                /* latest first */
	unsigned count;
};

void accounts_init(struct accounts *accounts);

/* The account of a key, made when it is new.  NULL when there are too many. */
struct account *accounts_get(struct accounts *accounts, const char *key_id, const char *key_name, uint64_t now);

/* Forgets accounts that hold nothing, owe nothing and have been idle. */
void accounts_forget_idle(struct accounts *accounts, uint64_t now);

/* The key's limits, from a grant; those of an older generation are not taken. */
void account_set_limits(struct account *account, const struct limits *limits, uint64_t generation, struct instant at);

/* Whether the budget's history must be heard before anything that costs tokens can be admitted. */
bool account_needs_history(struct account *account, struct instant at);

/* Admits a request and reserves `tokens` for it.  False: nothing was consumed, and *deny says why. */
bool account_admit(struct account *account, uint64_t tokens, struct instant at, struct limit_deny *deny);

/* Ends a request as if it had never been made. */
void account_return(struct account *account, uint64_t tokens, struct instant at);

/* Ends a request that really used `used`. */
void account_settle(struct account *account, uint64_t reserved, uint64_t used, struct instant at);

/* Counts a request that is already under way: its lease is older than this process, or was given up too early. */
void account_adopt(struct account *account, uint64_t tokens, struct instant at);

/* Takes back what account_settle() charged for a request that turns out to be under way still. */
void account_uncharge(struct account *account, uint64_t used, struct instant at);

/* The levels a caller is told. */
void account_levels(struct account *account, uint64_t now, struct limit_level *requests, struct limit_level *tokens);

#endif
