-- A key's tokens per UTC day or month: the rules of budget.c. A period is 0 for none, 1 for a day, 2 for a month.

local DAY = 86400000
local MONTH = 2
local COUNT_MAX = 2 ^ 52

-- The first day of the month in which `day` lies, both counted from 1970. Years are counted from March, so that the
-- day that some have and some have not is their last.
local function month_of(day)
	local of_400_years = (day + 719468) % 146097
	local leaps = math.floor(of_400_years / 1460) - math.floor(of_400_years / 36524) + math.floor(of_400_years / 146096)
	local year = math.floor((of_400_years - leaps) / 365)
	local of_year = of_400_years - (365 * year + math.floor(year / 4) - math.floor(year / 100))
	local month = math.floor((5 * of_year + 2) / 153)
	return day - (of_year - math.floor((153 * month + 2) / 5))
end

local function period_start(period)
	local day = math.floor(now / DAY)
	return DAY * (period == MONTH and month_of(day) or day)
end

local function period_end(period)
	local first = period_start(period) / DAY
	return DAY * (period == MONTH and month_of(first + 31) or first + 1)
end

-- Begins the period that it is now, unless it is under way. What was used in one that was begun before, by a clock that
-- was set back since, history knows.
local function roll(account)
	local start = account.period > 0 and period_start(account.period) or 0
	if start == account.start then
		return
	end
	local latest = math.max(account.latest or 0, account.start)
	if start <= latest then
		account.era = 0
	end
	account.latest = math.max(start, latest)
	account.start = start
	account.used = 0
end

-- After a change of the period what was used in it is not known.
local function set_budget(account, period, limit)
	account.budget = limit
	if period ~= account.period then
		account.period = period
		account.start = period > 0 and period_start(period) or 0
		account.latest = nil
		account.used = 0
		account.era = 0
	end
end
