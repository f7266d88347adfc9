-- This lease is in use, also if it was given up, or nothing is known of it.
--
-- KEYS[4] the pool whose slot it has, if any
-- ARGV    1 id of the lease  2 tokens it reserved  3 ms until it is given up unless it is kept again

local lease, due = ARGV[1] .. ':' .. ARGV[2], now + ARGV[3]
local account = read_account(KEYS[1])

local function hold(place, member)
	redis.call('ZADD', place, due, member)
	redis.call('PEXPIRE', place, LIFE_MAX)
end

if take_up(account, lease, tonumber(ARGV[2])) then
	hold(KEYS[2], 'k' .. lease)
	if KEYS[4] then
		hold(KEYS[4], ARGV[1])
	end
end
write_account(account)
return 1
