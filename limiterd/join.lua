-- A host is here, and Redis can be written to. What budgets have used is true of one era only: another begins when
-- this is not the server it was, which may have lost what it counted last, or a host says that it counted alone.
--
-- KEYS[1] the installation
-- ARGV    1 "1": the host counted alone

local server = redis.call('INFO', 'server'):match('run_id:(%w+)')
local before = redis.call('HGET', KEYS[1], 'server')
redis.call('HSET', KEYS[1], 'server', server)
if ARGV[1] == '1' or before ~= server then
	redis.call('HSET', KEYS[1], 'era', clock[1] * 1000000 + clock[2])
end
return 1
