/*
 * Plays the daemons around a decider, whose store is the one under test:
 * "memory:" or Redis.  Upstreams are "fast" (100 slots) and "slow" (1 slot); the
 * model "quick" goes to fast, "either" to both, three to one, all others to slow.  The clock is the real one.
 */
#ifndef TESTS_LIMITERD_PLAYER_H
#define TESTS_LIMITERD_PLAYER_H

#include "../../limiterd/decider.h"

enum { PLAYER_LIFE = 500, PLAYER_WAIT = 400, PLAYER_QUEUE = 3, PLAYER_PATIENCE_MS = 20000 };

extern struct decider player;

/* What history says that any key has used, when it is asked. */
extern uint64_t player_history;
extern unsigned player_questions;
extern uint64_t player_since; /* of the last question */

/* Ends when the store decides. */
void player_begin(const char *store, const char *password_file);
void player_end(void);

void player_set_slots(unsigned slow);

struct outcome {
	uint64_t id; /* 0: nothing came */
	bool given;
	struct lease lease;
	struct limit_deny deny;
	struct limit_level requests, tokens;
	uint32_t waited;
};

/* Hands in a take; its answer is for player_next(). */
uint64_t player_take(const char *key, const char *model, uint64_t tokens, const struct limits *limits);

/* The next answer, awaited. */
struct outcome player_next(void);

/* Both. */
struct outcome player_ask(const char *key, const char *model, uint64_t tokens, const struct limits *limits);

/* Settles, and waits until it is counted. */
void player_settle(const struct lease *lease, uint64_t used, bool charged);

/* Asks for a lease to go on elsewhere, and waits for the answer. */
struct moved {
	bool done;
	struct lease lease;
};
struct moved player_move(const struct lease *lease, uint8_t target, const char *upstream);

void player_pass(uint64_t ms);

#endif
