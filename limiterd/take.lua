-- May this request be made now? All limits are asked before any is touched, and one that refuses has cost nothing.
--
-- KEYS[4] the installation  KEYS[5] keys by their last use  KEYS[6] the pool whose slot is wanted, if any
-- ARGV    1 id of the lease  2 tokens to reserve  3 ms until it is given up  4 slots of the pool
--         5 generation  6 requests per minute  7 tokens per minute  8 concurrency  9 period  10 budget
--         11 the key  12 its name
--         13 tokens used  14 since when  15 until which count  16 in which era: what history said, if it was asked
--
-- Returns the verdict, slots in use, the level of requests (3) and of tokens (3), and: limit, used, requested and
-- ms to wait when it is no; start of the period, count and era when history must be asked.

local lease, tokens = ARGV[1] .. ':' .. ARGV[2], tonumber(ARGV[2])
local pool, slots = KEYS[6], tonumber(ARGV[4])
local account = read_account(KEYS[1])
local requests, bucket = account.requests, account.tokens
local running, in_use, era = 0, 0, -1

local function follow_grant()
	local generation = tonumber(ARGV[5])
	if generation >= account.generation then
		account.generation = generation
		set_limit(requests, tonumber(ARGV[6]))
		set_limit(bucket, tonumber(ARGV[7]))
		account.concurrency = tonumber(ARGV[8])
		set_budget(account, tonumber(ARGV[9]), tonumber(ARGV[10]))
		account.name = ARGV[12]
	end
end

-- Neither history nor the count says too much, so the greater of the two is right; what was counted since comes to it.
local function hear_history()
	local used, since, count = tonumber(ARGV[13]), tonumber(ARGV[14]), tonumber(ARGV[15])
	if tonumber(ARGV[16]) == era and since == account.start and account.era ~= era then
		account.used = math.max(used, count) + math.max(0, account.used - count)
		account.era = era
	end
end

local function open_budget()
	era = tonumber(redis.call('HGET', KEYS[4], 'era')) or -1
	roll(account)
	if running == 0 then
		account.reserved = 0
	end
	if ARGV[13] then
		hear_history()
	end
end

local function refuse_rate(verdict, of, cost, wait)
	local limit, remaining = level_of(of)
	return verdict, limit, limit - remaining, cost, wait == math.huge and 0 or wait
end

local function judge()
	local wait = wait_for(requests, 1)
	if wait > 0 then
		return refuse_rate('requests', requests, 1, wait)
	end
	wait = tokens > 0 and wait_for(bucket, tokens) or 0
	if wait > 0 then
		return refuse_rate('tokens', bucket, tokens, wait)
	end
	if account.concurrency > 0 and running >= account.concurrency then
		return 'concurrency', account.concurrency, running, 1, 1000
	end
	if tokens > 0 and account.period > 0 then
		if account.era ~= era then
			return 'history', account.start, account.used, era, 0
		end
		if account.used + account.reserved + tokens > account.budget then
			return 'budget', account.budget, account.used + account.reserved, tokens, 0
		end
	end
	if pool and in_use >= slots then
		return 'slots', slots, in_use, 1, 1000
	end
	return 'given', 0, 0, 0, 0
end

-- A sorted set that was empty is new, and has no end yet.
local function hold(place, count, due, member)
	redis.call('ZADD', place, due, member)
	if count == 0 then
		redis.call('PEXPIRE', place, LIFE_MAX)
	end
end

local function give()
	local due = now + ARGV[3]
	take(requests, 1)
	adopt(account, tokens)
	hold(KEYS[2], running, due, 'g' .. lease)
	if pool then
		hold(pool, in_use, due, ARGV[1])
		in_use = in_use + 1
	end
end

local function show_last_use()
	if now - account.seen >= 1000 then
		account.seen = now
		redis.call('ZADD', KEYS[5], now, ARGV[11])
		redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', now - IDLE)
	end
end

give_up_late(account)
running = redis.call('ZCARD', KEYS[2])
if pool then
	redis.call('ZREMRANGEBYSCORE', pool, '-inf', now)
	in_use = redis.call('ZCARD', pool)
end
follow_grant()
if account.period > 0 then
	open_budget()
end
local verdict, limit, used, requested, retry = judge()
if verdict == 'given' then
	give()
end
show_last_use()
write_account(account)

local request_limit, requests_left, request_reset = level_of(requests)
local token_limit, tokens_left, token_reset = level_of(bucket)
return {verdict, in_use, request_limit, requests_left, request_reset, token_limit, tokens_left, token_reset,
	limit, used, requested, retry}
