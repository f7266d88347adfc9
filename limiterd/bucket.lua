-- Token buckets: the arithmetic of bucket.c, in a Redis's own time. A bucket is {limit, level, at}; its level is in
-- 1/60000, what a limit of 1 gains in a millisecond. Every number stays below 2^53, up to which they are exact.

local UNIT = 60000
local DEBT_MAX = 2 ^ 52

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function refill(bucket)
	if now > bucket.at then
		bucket.level = math.min(bucket.limit * UNIT, bucket.level + (now - bucket.at) * bucket.limit)
		bucket.at = now
	end
end

-- A bucket that had no limit begins full; else what was used stays used, but a smaller limit alone makes no debt.
local function set_limit(bucket, limit)
	if limit == bucket.limit then
		return
	end
	refill(bucket)
	local used = bucket.limit * UNIT - bucket.level
	local least = math.min(bucket.level, 0)
	bucket.limit = limit
	bucket.level = limit == 0 and 0 or math.max(limit * UNIT - used, least)
	bucket.at = now
end

local function time_to_gain(bucket, units)
	return math.max(0, math.ceil(units / bucket.limit))
end

-- Milliseconds until `cost` can be taken; math.huge when it is over the limit as a whole.
local function wait_for(bucket, cost)
	if bucket.limit == 0 then
		return 0
	end
	if cost > bucket.limit then
		return math.huge
	end
	refill(bucket)
	return time_to_gain(bucket, cost * UNIT - bucket.level)
end

-- Takes `cost`, into debt if need be.
local function take(bucket, cost)
	if bucket.limit > 0 then
		refill(bucket)
		bucket.level = math.max(bucket.level - cost * UNIT, -DEBT_MAX)
	end
end

local function refund(bucket, cost)
	if bucket.limit > 0 then
		refill(bucket)
		bucket.level = math.min(bucket.level + cost * UNIT, bucket.limit * UNIT)
	end
end

-- Limit, what remains of it, and the milliseconds until it is full again.
local function level_of(bucket)
	if bucket.limit == 0 then
		return 0, 0, 0
	end
	refill(bucket)
	local remaining = math.max(0, math.floor(bucket.level / UNIT))
	return bucket.limit, remaining, time_to_gain(bucket, bucket.limit * UNIT - bucket.level)
end
