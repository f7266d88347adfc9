#include "../../proxyd/circuit.h"

#include "../tap/tap.h"

enum { AFTER = 3, FIRST = 1000 };

static struct circuit circuit;

static void fail_times(unsigned times, uint64_t now)
{
	while (times-- > 0)
		circuit_failed(&circuit, now, "no answer");
}

static void start(void)
{
	circuit_init(&circuit, 0);
	circuit_set(&circuit, AFTER, FIRST);
}

static void opens(void)
{
	start();
	is_text(circuit_name(&circuit), "well", "it begins well");
	fail_times(AFTER - 1, 10);
	is_text(circuit_name(&circuit), "failing", "some failures are noticed");
	is_text(circuit.reason, "no answer", "with the reason");
	ok(circuit_admit(&circuit, 10), "and work still goes there");
	circuit_succeeded(&circuit, 11);
	is_text(circuit_name(&circuit), "well", "a success forgets them");
	is_text(circuit.reason, "", "and the reason");
	fail_times(AFTER, 20);
	is_text(circuit_name(&circuit), "open", "enough in a row open it");
	ok(!circuit_is_available(&circuit, 20 + FIRST - 1) && !circuit_admit(&circuit, 20 + FIRST - 1), "for its time");
	is_int((long long)circuit.heard_at, 20, "when it was heard of is known");
}

static void decides(void)
{
	start();
	fail_times(AFTER, 0);
	ok(circuit_is_available(&circuit, FIRST), "then something may go there");
	ok(circuit_admit(&circuit, FIRST), "one");
	is_text(circuit_name(&circuit), "half-open", "on trial");
	ok(!circuit_admit(&circuit, FIRST), "and no other");
	circuit_failed(&circuit, FIRST + 1, "again");
	is_text(circuit_name(&circuit), "open", "one failure is enough now");
	ok(!circuit_admit(&circuit, FIRST + 2 * FIRST), "and the time doubles");
	ok(circuit_admit(&circuit, FIRST + 1 + 2 * FIRST), "to the millisecond");
	circuit_succeeded(&circuit, 4 * FIRST);
	is_text(circuit_name(&circuit), "well", "one success is enough, too");
	fail_times(AFTER, 10 * FIRST);
	ok(circuit_admit(&circuit, 11 * FIRST), "and the time begins anew");
}

static void waits_at_most(void)
{
	uint64_t now = 0;
	start();
	fail_times(AFTER, now);
	for (int i = 0; i < 20; i++) {
		now = circuit.until;
		circuit_admit(&circuit, now);
		circuit_failed(&circuit, now, "still");
	}
	is_int((long long)(circuit.until - now), CIRCUIT_OPEN_MAX_MS, "it does not double for ever");
}

static void is_forgotten(void)
{
	start();
	fail_times(AFTER, 0);
	circuit_admit(&circuit, FIRST);
	ok(circuit_admit(&circuit, 2 * FIRST), "of a trial nobody heard: another");
	fail_times(2, 2 * FIRST);
	is_int((long long)circuit.span, 2 * FIRST, "late failures of an open circuit count once");
}

static void answers(void)
{
	start();
	circuit_answered(&circuit, 1, 503);
	is_text(circuit.reason, "answered with status 503", "a server that is not there for anybody has failed");
	circuit_answered(&circuit, 2, 500);
	is_text(circuit_name(&circuit), "well", "one that fails at a request is there");
	circuit_answered(&circuit, 3, 502);
	circuit_answered(&circuit, 3, 504);
	is_int(circuit.failures, 2, "gateways say for it that it is not");
	circuit_answered(&circuit, 4, 401);
	is_int(circuit.failures, 0, "whoever refuses answers");
}

static void never_opens(void)
{
	start();
	fail_times(AFTER, 0);
	circuit_set(&circuit, 0, FIRST);
	ok(circuit_admit(&circuit, 0), "a circuit that may not be open is closed");
	fail_times(100, 0);
	ok(circuit_admit(&circuit, 0), "and stays so");
	is_text(circuit_name(&circuit), "failing", "though it is seen to fail");
}

int main(void)
{
	opens();
	decides();
	waits_at_most();
	is_forgotten();
	answers();
	never_opens();
	return tap_done();
}
