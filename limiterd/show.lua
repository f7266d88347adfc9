-- What is in use now, everywhere.
--
-- KEYS[1] the installation  KEYS[2] keys by their last use  KEYS[3...] pools
-- ARGV    1 keys to show at most
--
-- Returns how many keys there are, the slots in use of each pool, and a row for each key, the last one used first.

local era = tonumber(redis.call('HGET', KEYS[1], 'era')) or -1
local pools, keys = {}, {}

local function show(key)
	-- Made from the index, not named in KEYS: the tag that all share puts them on the same node.
	local account = read_account('{heimgate}:key:' .. key)
	roll(account)
	local row = {key, account.name, redis.call('ZCOUNT', '{heimgate}:leases:' .. key, now, '+inf'),
		account.concurrency}
	for _, bucket in ipairs({account.requests, account.tokens}) do
		for _, number in ipairs({level_of(bucket)}) do
			table.insert(row, number)
		end
	end
	local known = account.period > 0 and account.era == era
	for _, number in ipairs({account.period, account.budget, known and account.used or -1, account.reserved,
		account.period > 0 and period_end(account.period) or 0}) do
		table.insert(row, number)
	end
	return row
end

for i = 3, #KEYS do
	table.insert(pools, redis.call('ZCOUNT', KEYS[i], now, '+inf'))
end
for _, key in ipairs(redis.call('ZREVRANGE', KEYS[2], 0, ARGV[1] - 1)) do
	table.insert(keys, show(key))
end
return {redis.call('ZCARD', KEYS[2]), pools, keys}
