#include "circuit.h"

#include <stdio.h>
#include <string.h>

void circuit_init(struct circuit *circuit, uint64_t now)
{
	*circuit = (struct circuit){.heard_at = now};
}

void circuit_set(struct circuit *circuit, unsigned open_after, unsigned open_time)
{
	circuit->open_after = open_after;
	circuit->open_time = open_time;
	if (open_after == 0)
		circuit->state = CIRCUIT_CLOSED;
}

bool circuit_is_available(const struct circuit *circuit, uint64_t now)
{
	return circuit->state == CIRCUIT_CLOSED || now >= circuit->until;
}

bool circuit_admit(struct circuit *circuit, uint64_t now)
{
	if (!circuit_is_available(circuit, now))
		return false;
	if (circuit->state != CIRCUIT_CLOSED) {
		circuit->state = CIRCUIT_HALF_OPEN;
		circuit->until = now + circuit->span; /* then another may decide: nobody may ever hear of this one */
	}
	return true;
}

void circuit_succeeded(struct circuit *circuit, uint64_t now)
{
	circuit->state = CIRCUIT_CLOSED;
	circuit->failures = 0;
	circuit->reason[0] = '\0';
	circuit->heard_at = now;
}

static void open_for(struct circuit *circuit, uint64_t span, uint64_t now)
{
	circuit->state = CIRCUIT_OPEN;
	circuit->span = span < CIRCUIT_OPEN_MAX_MS || span == circuit->open_time ? span : CIRCUIT_OPEN_MAX_MS;
	circuit->until = now + circuit->span;
}

void circuit_failed(struct circuit *circuit, uint64_t now, const char *reason)
{
	circuit->failures++;
	circuit->heard_at = now;
	snprintf(circuit->reason, sizeof(circuit->reason), "%s", reason);
	if (circuit->state == CIRCUIT_HALF_OPEN)
		open_for(circuit, 2 * circuit->span, now);
	else if (circuit->state == CIRCUIT_CLOSED && circuit->open_after > 0 && circuit->failures >= circuit->open_after)
		open_for(circuit, circuit->open_time, now);
}

void circuit_answered(struct circuit *circuit, uint64_t now, int status)
{
	char reason[64];
	snprintf(reason, sizeof(reason), "answered with status %d", status);
	if (status >= 502 && status <= 504)
		circuit_failed(circuit, now, reason);
	else
		circuit_succeeded(circuit, now);
}

const char *circuit_name(const struct circuit *circuit)
{
	switch (circuit->state) {
	case CIRCUIT_OPEN:
		return "open";
	case CIRCUIT_HALF_OPEN:
		return "half-open";
	case CIRCUIT_CLOSED:
		break;
	}
	return circuit->failures > 0 ? "failing" : "well";
}
