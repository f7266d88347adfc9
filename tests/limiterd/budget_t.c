#include "../../limiterd/budget.h"

#include <stdlib.h>
#include <time.h>

#include "../tap/tap.h"

static uint64_t at(int year, int month, int day, int hour, int minute, int second)
{
	struct tm civil = {.tm_year = year - 1900,
	                   .tm_mon = month - 1,
	                   .tm_mday = day,
	                   .tm_hour = hour,
	                   .tm_min = minute,
	                   .tm_sec = second};
	return (uint64_t)timegm(&civil) * 1000;
}

static void test_periods(void)
{
	static const struct {
		int now[6], start[3], end[3];
		enum budget_period period;
		const char *name;
	} cases[] = {
		{{1970, 1, 1, 0, 0, 0}, {1970, 1, 1}, {1970, 2, 1}, BUDGET_MONTH, "the epoch"},
		{{2026, 1, 31, 23, 59, 59}, {2026, 1, 1}, {2026, 2, 1}, BUDGET_MONTH, "the last second of January"},
		{{2026, 2, 1, 0, 0, 0}, {2026, 2, 1}, {2026, 3, 1}, BUDGET_MONTH, "the first of February"},
		{{2026, 2, 28, 12, 0, 0}, {2026, 2, 1}, {2026, 3, 1}, BUDGET_MONTH, "28 February of a common year"},
		{{2028, 2, 29, 12, 0, 0}, {2028, 2, 1}, {2028, 3, 1}, BUDGET_MONTH, "29 February of a leap year"},
		{{2028, 3, 1, 0, 0, 0}, {2028, 3, 1}, {2028, 4, 1}, BUDGET_MONTH, "1 March of a leap year"},
		{{2000, 2, 29, 0, 0, 0}, {2000, 2, 1}, {2000, 3, 1}, BUDGET_MONTH, "a century that is a leap year"},
		{{2100, 2, 28, 23, 59, 59}, {2100, 2, 1}, {2100, 3, 1}, BUDGET_MONTH, "a century that is none"},
		{{2100, 3, 1, 0, 0, 0}, {2100, 3, 1}, {2100, 4, 1}, BUDGET_MONTH, "the day after"},
		{{2026, 12, 31, 23, 59, 59}, {2026, 12, 1}, {2027, 1, 1}, BUDGET_MONTH, "the end of a year"},
		{{2026, 11, 21, 0, 0, 0}, {2026, 11, 21}, {2026, 11, 22}, BUDGET_DAY, "midnight"},
		{{2026, 12, 31, 23, 59, 59}, {2026, 12, 31}, {2027, 1, 1}, BUDGET_DAY, "the last day of a year"},
		{{2028, 2, 28, 7, 0, 0}, {2028, 2, 28}, {2028, 2, 29}, BUDGET_DAY, "the day before a leap day"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const int *n = cases[i].now, *s = cases[i].start, *e = cases[i].end;
		uint64_t now = at(n[0], n[1], n[2], n[3], n[4], n[5]) + 999;
		is_int((long long)budget_period_start(cases[i].period, now), (long long)at(s[0], s[1], s[2], 0, 0, 0),
		       "%s: start", cases[i].name);
		is_int((long long)budget_period_end(cases[i].period, now), (long long)at(e[0], e[1], e[2], 0, 0, 0), "%s: end",
		       cases[i].name);
	}
}

/* Every day of a thousand years against the C library. */
static void test_all_days(void)
{
	unsigned wrong = 0;
	for (uint64_t day = 0; day < 365250; day++) {
		time_t noon = (time_t)(day * 86400 + 43200);
		struct tm civil;
		gmtime_r(&noon, &civil);
		uint64_t start = at(civil.tm_year + 1900, civil.tm_mon + 1, 1, 0, 0, 0);
		uint64_t end = at(civil.tm_year + 1900, civil.tm_mon + 2, 1, 0, 0, 0);
		wrong += budget_period_start(BUDGET_MONTH, (uint64_t)noon * 1000) != start ||
		         budget_period_end(BUDGET_MONTH, (uint64_t)noon * 1000) != end;
	}
	is_int(wrong, 0, "the months of a thousand years");
}

static void test_reservations(void)
{
	struct budget budget = {0};
	uint64_t now = at(2026, 11, 21, 1, 2, 3);
	budget_set(&budget, BUDGET_MONTH, 1000, now);
	ok(!budget.known, "a new budget does not know its history");
	budget_begin_count(&budget);
	budget_add_history(&budget, 300);
	ok(budget.known, "until it is told");
	ok(budget_allows(&budget, 700) && !budget_allows(&budget, 701), "what is left may be reserved, no more");
	budget_reserve(&budget, 500);
	ok(budget_allows(&budget, 200) && !budget_allows(&budget, 201), "what is reserved is not there for others");
	budget_settle(&budget, 500, 100, now);
	is_int((long long)budget.used, 400, "what was really used stays");
	is_int((long long)budget.reserved, 0, "the reservation goes");
	ok(budget_allows(&budget, 600) && !budget_allows(&budget, 601), "and the rest is free again");
	budget_uncharge(&budget, 100);
	is_int((long long)budget.used, 300, "a charge can be taken back");
	budget_set(&budget, BUDGET_MONTH, 200, now);
	ok(!budget_allows(&budget, 0) && budget.known, "a lowered limit takes effect at once");
}

static void test_roll(void)
{
	struct budget budget = {0};
	uint64_t now = at(2026, 11, 30, 23, 59, 59);
	budget_set(&budget, BUDGET_MONTH, 1000, now);
	budget_add_history(&budget, 1000);
	ok(!budget_allows(&budget, 1), "a budget that is used up");
	budget_roll(&budget, now + 999);
	ok(!budget_allows(&budget, 1), "stays so to the last millisecond");
	budget_reserve(&budget, 50);
	budget_roll(&budget, now + 1000);
	ok(budget.known && budget_allows(&budget, 950) && !budget_allows(&budget, 951),
	   "a new period begins at nothing, but for what is in flight");
	budget_settle(&budget, 50, 70, now + 2000);
	is_int((long long)budget.used, 70, "which counts in the period in which it ends");
	budget_set(&budget, BUDGET_DAY, 1000, now + 2000);
	ok(!budget.known && budget.used == 0, "another period has another history");
	budget_set(&budget, BUDGET_NONE, 0, now);
	ok(budget_allows(&budget, UINT64_MAX), "without a budget everything is allowed");
}

static void test_clock_set_back(void)
{
	struct budget budget = {0};
	uint64_t now = at(2026, 11, 30, 23, 0, 0), ahead = at(2027, 3, 1, 12, 0, 0);
	budget_set(&budget, BUDGET_MONTH, 1000, now);
	budget_add_history(&budget, 900);
	budget_roll(&budget, ahead);
	ok(budget.known && budget_allows(&budget, 1000), "a clock set forward begins a period");
	budget_roll(&budget, now);
	ok(!budget.known && budget.start == at(2026, 11, 1, 0, 0, 0), "one set back begins the old one, of unknown use");
	budget_begin_count(&budget);
	budget_add_history(&budget, 900);
	budget_roll(&budget, now - 1000);
	ok(budget.known && !budget_allows(&budget, 101), "one set back within a period changes nothing");
	budget_roll(&budget, at(2027, 3, 1, 0, 0, 0));
	ok(!budget.known, "a period that was under way before is of unknown use when it comes");
	budget_add_history(&budget, 100);
	budget_roll(&budget, at(2027, 4, 1, 0, 0, 0));
	ok(budget.known && budget_allows(&budget, 1000), "the one after it is new");
}

static void test_overflow(void)
{
	struct budget budget = {0};
	budget_set(&budget, BUDGET_DAY, UINT64_MAX - 1, 0);
	budget_add_history(&budget, UINT64_MAX);
	ok(!budget_allows(&budget, 1), "an absurd history does not wrap around");
	budget_reserve(&budget, 10);
	budget_settle(&budget, 10, 10, 0);
	ok(budget.used == UINT64_MAX, "nor does a charge on top of it");
}

/* Requests with estimates that may be wrong, until the budget ends.  The excess is never more than that of the
 * requests in flight when the last one was admitted, as budget.h says. */
static void test_overshoot(void)
{
	enum { ROUNDS = 2000, FLIGHTS = 16 };
	unsigned wrong = 0, exact = 0;
	srand(1);
	for (int round = 0; round < ROUNDS; round++) {
		struct budget budget = {0};
		uint64_t reserved[FLIGHTS] = {0}, excess = 0;
		bool honest = round % 2 == 0;
		budget_set(&budget, BUDGET_DAY, 10000, 0);
		budget_add_history(&budget, 0);
		for (int step = 0; step < 400; step++) {
			uint64_t *flight = &reserved[rand() % FLIGHTS], cost = 1 + (uint64_t)rand() % 500;
			uint64_t used = honest ? (uint64_t)rand() % (*flight + 1) : (uint64_t)rand() % 1000;
			if (*flight > 0) {
				budget_settle(&budget, *flight, used, 0);
				excess += used > *flight ? used - *flight : 0;
				*flight = 0;
			} else if (budget_allows(&budget, cost)) {
				budget_reserve(&budget, cost);
				*flight = cost;
				excess = 0;
			}
		}
		wrong += budget.used + budget.reserved > 10000 + excess;
		exact += honest && budget.used + budget.reserved > 10000;
	}
	is_int(wrong, 0, "a budget is overrun by no more than the wrong estimates in flight");
	is_int(exact, 0, "and not at all when no estimate was too low");
}

int main(void)
{
	test_periods();
	test_all_days();
	test_reservations();
	test_roll();
	test_clock_set_back();
	test_overflow();
	test_overshoot();
	return tap_done();
}
