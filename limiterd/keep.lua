-- This lease is in use, also if it was given up, or nothing is known of it.
--
-- KEYS[4] the pool whose slot it was given, if any
-- ARGV    1 id of the lease  2 tokens it reserved  3 ms until it is given up unless it is kept again

local id, lease, due = ARGV[1], ARGV[1] .. ':' .. ARGV[2], now + ARGV[3]
local account = read_account(KEYS[1])

if take_up(account, lease, tonumber(ARGV[2])) then
	keep(KEYS[2], 'k' .. lease, due)
	if KEYS[4] then
		keep(pool_of(account, id), id, due)
	end
end
write_account(account)
return 1
