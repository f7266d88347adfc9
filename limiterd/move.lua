-- This lease is to go on at another upstream: its slot is exchanged for one there, if one is free. One of which nothing
-- is known is taken up first; one that is done is not moved.
--
-- KEYS[4] the pool whose slot it was given  KEYS[5] the pool whose slot is wanted
-- ARGV    1 id of the lease  2 tokens it reserved  3 ms until it is given up unless it is kept
--         4 slots of the pool wanted
--
-- Returns "moved", "there" if that is where it was, "full" or "done"; and slots in use there.

local id, lease, due = ARGV[1], ARGV[1] .. ':' .. ARGV[2], now + ARGV[3]
local wanted = KEYS[5]
local account = read_account(KEYS[1])

local function is_done()
	for _, state in ipairs({'s', 'c', 'd'}) do
		if redis.call('ZSCORE', KEYS[3], state .. lease) then
			return true
		end
	end
	return false
end

local function exchange(from, in_use)
	if from == wanted then
		return 'there'
	end
	if in_use >= tonumber(ARGV[4]) then
		return 'full'
	end
	redis.call('ZREM', from, id)
	set_pool(account, id, wanted)
	return 'moved'
end

give_up_late(account)
redis.call('ZREMRANGEBYSCORE', wanted, '-inf', now)
local outcome = 'done'
if not is_done() then
	take_up(account, lease, tonumber(ARGV[2]))
	outcome = exchange(pool_of(account, id), redis.call('ZCARD', wanted))
	keep(KEYS[2], 'k' .. lease, due)
	keep(pool_of(account, id), id, due)
end
write_account(account)
return {outcome, redis.call('ZCARD', wanted)}
