-- A host is here, and Redis can be written to.  What budgets have used is true of one era only: another begins when
-- this is not the server it was, which may have lost what it counted last, or a host says that it gave leases alone.
--
-- KEYS[1] the installation  KEYS[2] keys by their last use
-- ARGV    1 "1": the host gave leases alone

local server = redis.call('INFO', 'server'):match('run_id:(%w+)')
if ARGV[1] == '1' or redis.call('HGET', KEYS[1], 'server') ~= server then
	redis.call('HSET', KEYS[1], 'server', server, 'era', clock[1] * 1000000 + clock[2])
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - IDLE)
return 1
