#include "budget.h"

#include "../proto/daemon/log.h"

#define DAY UINT64_C(86400000)

enum { DAYS_400_YEARS = 146097 }; /* the Gregorian calendar repeats after this many */

static bool is_leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_of_year(unsigned year)
{
	return is_leap(year) ? 366 : 365;
}

static unsigned days_of_month(unsigned year, unsigned month)
{
	static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return month == 1 && is_leap(year) ? 29 : days[month];
}

/* Days since the epoch at which the month of `day` begins, and how many it has. */
static uint64_t month_of(uint64_t day, unsigned *length)
{
	unsigned year = 1970, month = 0;
	uint64_t left = day % DAYS_400_YEARS;
	while (left >= days_of_year(year))
		left -= days_of_year(year++);
	while (left >= days_of_month(year, month))
		left -= days_of_month(year, month++);
	*length = days_of_month(year, month);
	return day - left;
}

uint64_t budget_period_start(enum budget_period period, uint64_t wall)
{
	unsigned length;
	uint64_t day = wall / DAY;
	return DAY * (period == BUDGET_MONTH ? month_of(day, &length) : day);
}

uint64_t budget_period_end(enum budget_period period, uint64_t wall)
{
	unsigned length = 1;
	uint64_t day = wall / DAY;
	if (period == BUDGET_MONTH)
		day = month_of(day, &length);
	return DAY * (day + length);
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Of one that was begun before, by a clock that was set back since, history knows what was used in it. */
static void begin_period(struct budget *budget, uint64_t wall)
{
	budget->start = budget_period_start(budget->period, wall);
	budget->end = budget_period_end(budget->period, wall);
	budget->used = 0;
	if (budget->end <= budget->latest_end)
		budget->known = false;
	else
		budget->latest_end = budget->end;
}

void budget_set(struct budget *budget, enum budget_period period, uint64_t limit, uint64_t wall)
{
	budget->limit = limit;
	if (period == budget->period)
		return;
	budget->period = period;
	budget->known = false;
	budget->latest_end = 0;
	begin_period(budget, wall);
}

void budget_roll(struct budget *budget, uint64_t wall)
{
	if (budget->period != BUDGET_NONE && (wall >= budget->end || wall < budget->start))
		begin_period(budget, wall);
}

void budget_begin_count(struct budget *budget)
{
	budget->known = false;
	budget->used = 0;
}

void budget_add_history(struct budget *budget, uint64_t tokens)
{
	budget->known = true;
	budget->used = add(budget->used, tokens);
}

bool budget_allows(const struct budget *budget, uint64_t cost)
{
	return budget->period == BUDGET_NONE || add(add(budget->used, budget->reserved), cost) <= budget->limit;
}

void budget_reserve(struct budget *budget, uint64_t cost)
{
	budget->reserved = add(budget->reserved, cost);
}

void budget_settle(struct budget *budget, uint64_t reserved, uint64_t used, uint64_t wall)
{
	CHECK(reserved <= budget->reserved);
	budget_roll(budget, wall);
	budget->reserved -= reserved;
	budget->used = add(budget->used, used);
}

void budget_uncharge(struct budget *budget, uint64_t used)
{
	budget->used -= used < budget->used ? used : budget->used;
}
