-- This lease is in use, also if it was given up, or nothing is known of it.
--
-- KEYS[4] the pool whose slot it has, if any
-- ARGV    1 id of the lease  2 tokens it reserved  3 ms until it is given up unless it is kept again

local lease, tokens, due = ARGV[1] .. ':' .. ARGV[2], tonumber(ARGV[2]), now + ARGV[3]
local account = open_account()
if take_up(account, lease, tokens) then
	redis.call('ZADD', KEYS[2], due, 'k' .. lease)
	if KEYS[4] then
		redis.call('ZADD', KEYS[4], due, ARGV[1])
	end
end
write_account(account)
prolong(account)
return 1
