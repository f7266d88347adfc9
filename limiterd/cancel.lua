-- Nobody waits for this lease any more: unless it is in use it is returned, but for its request.
--
-- KEYS[4] the pool whose slot it has, if any
-- ARGV    1 id of the lease  2 tokens it reserved

local lease = ARGV[1] .. ':' .. ARGV[2]
local account = read_account(KEYS[1])
if redis.call('ZREM', KEYS[2], 'g' .. lease) == 1 then
	settle(account, tonumber(ARGV[2]), 0)
	mark_done(account, 'd', lease, RETURNED)
	if KEYS[4] then
		redis.call('ZREM', KEYS[4], ARGV[1])
	end
end
write_account(account)
return 1
