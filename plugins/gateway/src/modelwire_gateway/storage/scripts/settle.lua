-- Replaces what was set aside by what was used.
-- KEYS: tokens, running, held, day, month
-- ARGV: id, second, correction of the tokens, cost
if redis.call('ZREM', KEYS[2], ARGV[1]) == 1 then
  local amount = redis.call('HGET', KEYS[3], ARGV[1])
  if amount and amount ~= '0' then redis.call('HINCRBY', KEYS[3], 'total', '-' .. amount) end
  redis.call('HDEL', KEYS[3], ARGV[1])
end
if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1 then
  redis.call('HINCRBY', KEYS[1], ARGV[2], ARGV[3])
end
for place = 4, 5 do
  if redis.call('EXISTS', KEYS[place]) == 1 then redis.call('INCRBY', KEYS[place], ARGV[4]) end
end
return 1
