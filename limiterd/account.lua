-- One key's account and the leases that it holds: the rules of account.c, and of a lease's life in limiter.c.
--
-- KEYS[1]  the account, packed: limits, levels, and what its budget has used and reserved
-- KEYS[2]  its leases, by the time at which each is given up: "g" given and not heard of since, or "k" kept; then the
--          lease's name, which is its id, ":" and the tokens that it reserved
-- KEYS[3]  leases that are done, by the time at which each is forgotten: "s" settled, "c" given up and charged, or "d"
--          given up or cancelled, and returned

local IDLE = 2 * 60 * 1000
local SETTLED = 60 * 1000 -- for as long as a settlement may be said again
local RETURNED = 60 * 1000 -- and a lease that was returned may be used all the same
local GIVEN_UP = 60 * 60 * 1000 -- and a stream may go on while its host cannot say so
local LIFE_MAX = 62 * DAY
local COST_MAX = 1000 * 1000 * 1000

-- A clock that was set back leaves no time ahead for which anything waits.
local function not_ahead(account)
	for _, each in ipairs({account.requests, account.tokens}) do
		each.at = math.min(each.at, now)
	end
	account.seen = math.min(account.seen, now)
	account.swept = math.min(account.swept, now)
	return account
end

local function read_account(name)
	local packed = redis.call('GET', name)
	if packed then
		return not_ahead(cmsgpack.unpack(packed))
	end
	return {name = '', generation = 0, concurrency = 0, requests = {limit = 0, level = 0, at = 0},
		tokens = {limit = 0, level = 0, at = 0}, period = 0, budget = 0, start = 0, used = 0, reserved = 0, era = 0,
		seen = 0, swept = 0}
end

-- It is kept for as long as it says anything that a new one would not.
local function write_account(account)
	local _, _, life = level_of(account.tokens)
	if account.period > 0 then
		life = math.max(life, period_end(account.period) - now)
	end
	redis.call('SET', KEYS[1], cmsgpack.pack(account), 'PX', math.min(math.max(life, IDLE), LIFE_MAX))
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

-- What may be forgotten of them is, once a second.
local function mark_done(account, state, lease, life)
	local sweeps = now - account.swept >= 1000
	if sweeps then
		redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
		account.swept = now
	end
	redis.call('ZADD', KEYS[3], now + life, state .. lease)
	if sweeps then
		redis.call('PEXPIRE', KEYS[3], GIVEN_UP)
	end
end

-- The pool whose slot a lease has: the account knows of one that was moved, whatever whoever speaks of it has heard.
local function pool_of(account, id)
	return account.moved and account.moved[id] or KEYS[4]
end

local function set_pool(account, id, pool)
	account.moved = account.moved or {}
	account.moved[id] = pool
	if not next(account.moved) then
		account.moved = nil
	end
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
		set_pool(account, lease:match('^%x+'), nil)
		mark_done(account, kept and 'c' or 'd', lease, kept and GIVEN_UP or RETURNED)
	end
	if #late > 0 then
		redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
	end
end

-- Takes a lease out of wherever it stands, so that the account counts it as under way. False when it is settled.
local function take_up(account, lease, tokens)
	if redis.call('ZREM', KEYS[2], 'g' .. lease, 'k' .. lease) > 0 then
		return true
	end
	if redis.call('ZSCORE', KEYS[3], 's' .. lease) then
		return false
	end
	if redis.call('ZREM', KEYS[3], 'c' .. lease) > 0 then
		refund(account.tokens, tokens)
		account.used = math.max(0, account.used - tokens)
		account.swept = 0
	elseif redis.call('ZREM', KEYS[3], 'd' .. lease) > 0 then
		account.swept = 0
	end
	adopt(account, tokens)
	return true
end

-- A lease, or its slot, is held until `due`.
local function keep(place, member, due)
	redis.call('ZADD', place, due, member)
	redis.call('PEXPIRE', place, LIFE_MAX)
end
