-- One key's account and the leases that it holds: the rules of account.c and of a lease's life in limiter.c.
--
-- KEYS[1]  the account: limits, levels, and what its budget has used and reserved
-- KEYS[2]  its leases, by the time at which each is given up: "g" given and not heard of since, or "k" kept; then the
--          lease's name, which is its id, ":" and the tokens that it reserved
-- KEYS[3]  leases that are done, by the time at which each is forgotten: "s" settled, or "c" given up and charged
--
-- An account is known for as long as it says something that an empty one would not.

local IDLE = 2 * 60 * 1000
local DONE = 60 * 1000
local SEEN = 1000
local LIFE_MAX = 62 * DAY
local COST_MAX = 1000 * 1000 * 1000

local FIELDS = {'generation', 'concurrency', 'rpm', 'requests', 'requests_at', 'tpm', 'tokens', 'tokens_at',
	'period', 'budget', 'start', 'used', 'reserved', 'era', 'seen'}

local function read_account(name)
	local of = redis.call('HMGET', name, unpack(FIELDS))
	for i = 1, #FIELDS do
		of[i] = tonumber(of[i]) or 0
	end
	return {generation = of[1], concurrency = of[2],
		requests = {limit = of[3], level = of[4], at = of[5]}, tokens = {limit = of[6], level = of[7], at = of[8]},
		period = of[9], budget = of[10], start = of[11], used = of[12], reserved = of[13], era = of[14],
		seen = of[15]}
end

local function write_account(account)
	local requests, tokens = account.requests, account.tokens
	redis.call('HSET', KEYS[1], 'generation', account.generation, 'concurrency', account.concurrency,
		'rpm', requests.limit, 'requests', requests.level, 'requests_at', requests.at,
		'tpm', tokens.limit, 'tokens', tokens.level, 'tokens_at', tokens.at,
		'period', account.period, 'budget', account.budget, 'start', account.start,
		'used', account.used, 'reserved', account.reserved, 'era', account.era, 'seen', account.seen)
end

-- An account that was used lives on, for as long as it says something.
local function prolong(account)
	local _, _, life = level_of(account.tokens)
	if account.period > 0 then
		life = math.max(life, period_end(account.period) - now)
	end
	life = math.min(math.max(life, IDLE), LIFE_MAX)
	redis.call('PEXPIRE', KEYS[1], life)
	redis.call('PEXPIRE', KEYS[2], life)
end

-- Counts a request that is under way.
local function adopt(account, tokens)
	take(account.tokens, tokens)
	account.reserved = account.reserved + tokens
end

-- Ends one that really used `used`.
local function settle(account, tokens, used)
	if used > tokens then
		take(account.tokens, used - tokens)
	else
		refund(account.tokens, tokens - used)
	end
	account.reserved = math.max(0, account.reserved - tokens)
	roll(account)
	account.used = math.min(account.used + used, COUNT_MAX)
end

local function mark_done(state, lease)
	redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
	redis.call('ZADD', KEYS[3], now + DONE, state .. lease)
	redis.call('PEXPIRE', KEYS[3], DONE)
end

-- A lease of which nothing is heard is returned if it was never kept, but for its request; else it is charged what it
-- had reserved.
local function give_up_late(account)
	local late = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)
	for _, member in ipairs(late) do
		local lease = member:sub(2)
		local tokens = tonumber(lease:match(':(%d+)$'))
		local kept = member:sub(1, 1) == 'k'
		settle(account, tokens, kept and tokens or 0)
		if kept then
			mark_done('c', lease)
		end
	end
	if #late > 0 then
		redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
	end
end

local function open_account()
	local account = read_account(KEYS[1])
	give_up_late(account)
	return account
end

-- Takes a lease out of wherever it stands, so that the account counts it as under way. False when it is settled.
local function take_up(account, lease, tokens)
	for _, state in ipairs({'g', 'k'}) do
		if redis.call('ZREM', KEYS[2], state .. lease) == 1 then
			return true
		end
	end
	if redis.call('ZSCORE', KEYS[3], 's' .. lease) then
		return false
	end
	if redis.call('ZREM', KEYS[3], 'c' .. lease) == 1 then
		refund(account.tokens, tokens)
		account.used = math.max(0, account.used - tokens)
	end
	adopt(account, tokens)
	return true
end
