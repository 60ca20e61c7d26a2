-- Says that requests of one caller are still running.
-- KEYS: running, held
-- ARGV: seconds of a lease, then the ids
local time = redis.call('TIME')
local lease = tonumber(ARGV[1])
local until_then = string.format('%.3f', tonumber(time[1]) + tonumber(time[2]) / 1000000 + lease)
for place = 2, #ARGV do redis.call('ZADD', KEYS[1], 'XX', until_then, ARGV[place]) end
redis.call('EXPIRE', KEYS[1], lease * 2)
redis.call('EXPIRE', KEYS[2], lease * 2)
return 1
