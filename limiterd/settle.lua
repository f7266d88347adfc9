-- This lease is done. A second time changes nothing.
--
-- KEYS[4] the pool whose slot it was given, if any
-- ARGV    1 id of the lease  2 tokens it reserved  3 tokens it used, or "" for as if it had never been given

local lease, tokens, used = ARGV[1] .. ':' .. ARGV[2], tonumber(ARGV[2]), tonumber(ARGV[3])
local account = read_account(KEYS[1])
if take_up(account, lease, tokens) then
	settle(account, tokens, math.min(used or 0, COST_MAX))
	if not used then
		refund(account.requests, 1)
	end
	mark_done(account, 's', lease, SETTLED)
	if KEYS[4] then
		redis.call('ZREM', pool_of(account, ARGV[1]), ARGV[1])
		set_pool(account, ARGV[1], nil)
	end
end
write_account(account)
return 1
