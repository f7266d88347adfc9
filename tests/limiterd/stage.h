/* A limiter with two upstreams, "fast" (2 slots) and "slow" (1 slot), and a clock that the test moves. */
#ifndef TESTS_LIMITERD_STAGE_H
#define TESTS_LIMITERD_STAGE_H

#include "../../limiterd/limiter.h"

enum { STAGE_LIFE = 5000, STAGE_WAIT = 250, STAGE_QUEUE = 4 };

extern struct limiter stage;
extern struct instant stage_at;

/* Models "quick" goes to fast, all others to slow. */
void stage_begin(void);

/* Frees everything; whoever still waits is forgotten. */
void stage_end(void);

/* Changes the slots of fast, as a reload would. */
void stage_set_slots(unsigned slots);

void stage_pass(uint64_t ms);

/* Hands in a take of this frame id; its answer is for stage_next(). */
void stage_take(uint64_t id, const char *key, const char *model, uint64_t tokens, const struct limits *limits);

/* What became of a take. */
struct outcome {
	uint64_t id; /* 0: there is no answer now */
	bool given;
	struct limit_deny deny;
	struct lease lease;
	uint32_t waited;
};
struct outcome stage_next(void);

/* stage_take() and stage_next() of a take that is answered at once. */
struct outcome stage_ask(uint64_t id, const char *key, const char *model, uint64_t tokens, const struct limits *limits);

struct account *stage_account(const char *key);
struct pool *stage_pool(const char *name);

#endif
