/*
 * Whether an upstream is given work.  After so many failures in a row the
 * circuit opens and nothing goes there for a while; then it is half-open, and
 * one request or health check decides.  Each time that fails the while
 * doubles.
 *
 * Pure: the clock is passed in, in monotonic milliseconds.
 */
#ifndef PROXYD_CIRCUIT_H
#define PROXYD_CIRCUIT_H

#include <stdbool.h>
#include <stdint.h>

enum { CIRCUIT_OPEN_MAX_MS = 60 * 1000, CIRCUIT_REASON_MAX = 128 };

enum circuit_state { CIRCUIT_CLOSED, CIRCUIT_OPEN, CIRCUIT_HALF_OPEN };

struct circuit {
	unsigned open_after; /* failures in a row; 0: it never opens */
	unsigned open_time;  /* ms, the first time */
	enum circuit_state state;
	unsigned failures;                   /* in a row */
	uint64_t span;                       /* ms for which it is open */
	uint64_t until;                      /* ms: nothing goes there before, unless it is closed */
	uint64_t heard_at;                   /* ms: when something was learned of it last */
	char reason[CIRCUIT_REASON_MAX + 1]; /* of the last failure; "" after a success */
};

/* A closed one.  Nothing is known of it. */
void circuit_init(struct circuit *circuit, uint64_t now);

/* Follows new settings; what is known stays. */
void circuit_set(struct circuit *circuit, unsigned open_after, unsigned open_time);

/* Whether something may go there now. */
bool circuit_is_available(const struct circuit *circuit, uint64_t now);

/* The same, and it does go: of an open circuit that is the one which decides. */
bool circuit_admit(struct circuit *circuit, uint64_t now);

/* How it went.  What neither says is that somebody left before it was known. */
void circuit_succeeded(struct circuit *circuit, uint64_t now);
void circuit_failed(struct circuit *circuit, uint64_t now, const char *reason);

/* It has answered with this status: 502, 503 and 504 say that it is not there for anybody, others that it is. */
void circuit_answered(struct circuit *circuit, uint64_t now, int status);

/* "well", "failing", "open" or "half-open".  Static. */
const char *circuit_name(const struct circuit *circuit);

#endif
