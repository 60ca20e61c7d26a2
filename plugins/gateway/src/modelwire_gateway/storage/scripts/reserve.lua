-- Sets aside what a request asks for, all of it or nothing.
-- KEYS: requests, tokens, running, held, day, month
-- ARGV: id, tokens, cost, limits of requests, tokens, concurrency, day, month (-1: none),
--       seconds of a lease, seconds of a window
local time = redis.call('TIME')
local second = tonumber(time[1])
local now = second + tonumber(time[2]) / 1000000
local id, tokens, cost = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local most_requests, most_tokens = tonumber(ARGV[4]), tonumber(ARGV[5])
local most_running = tonumber(ARGV[6])
local budgets = {tonumber(ARGV[7]), tonumber(ARGV[8])}
local lease, window = tonumber(ARGV[9]), tonumber(ARGV[10])

local function wait_for(key, amount, limit)
  local seconds, counts, total = {}, {}, 0
  local found = redis.call('HGETALL', key)
  for place = 1, #found, 2 do
    local at, count = tonumber(found[place]), tonumber(found[place + 1])
    if at <= second - window then
      redis.call('HDEL', key, found[place])
    else
      total = total + count
      counts[at] = count
      seconds[#seconds + 1] = at
    end
  end
  local over = total + amount - limit
  if over <= 0 then return nil end
  table.sort(seconds)
  for _, at in ipairs(seconds) do
    over = over - counts[at]
    if over <= 0 then return at + window - now end
  end
  return window
end

local function full(limit, wait)
  return {'full', limit, string.format('%.3f', wait)}
end

-- What a lost process has left is given free.
for _, lost in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', string.format('%.3f', now))) do
  local amount = redis.call('HGET', KEYS[4], lost)
  if amount and amount ~= '0' then redis.call('HINCRBY', KEYS[4], 'total', '-' .. amount) end
  redis.call('HDEL', KEYS[4], lost)
  redis.call('ZREM', KEYS[3], lost)
end

for place, budget in ipairs(budgets) do
  if budget >= 0 and redis.call('EXISTS', KEYS[4 + place]) == 0 then return {'unknown'} end
end

if most_requests >= 0 then
  local wait = wait_for(KEYS[1], 1, most_requests)
  if wait then return full('requests_per_minute', wait) end
end
if most_tokens >= 0 then
  local wait = wait_for(KEYS[2], tokens, most_tokens)
  if wait then return full('tokens_per_minute', wait) end
end
if most_running >= 0 and redis.call('ZCARD', KEYS[3]) >= most_running then
  return full('concurrency', 1)
end
local held = tonumber(redis.call('HGET', KEYS[4], 'total') or '0')
for place, budget in ipairs(budgets) do
  if budget >= 0 and tonumber(redis.call('GET', KEYS[4 + place])) + held >= budget then
    return full(place == 1 and 'budget_day' or 'budget_month', -1)
  end
end

if most_requests >= 0 then
  redis.call('HINCRBY', KEYS[1], second, 1)
  redis.call('EXPIRE', KEYS[1], window + 1)
end
if most_tokens >= 0 then
  redis.call('HINCRBY', KEYS[2], second, ARGV[2])
  redis.call('EXPIRE', KEYS[2], window + 1)
end
redis.call('ZADD', KEYS[3], string.format('%.3f', now + lease), id)
redis.call('EXPIRE', KEYS[3], lease * 2)
redis.call('HSET', KEYS[4], id, cost)
redis.call('HINCRBY', KEYS[4], 'total', cost)
redis.call('EXPIRE', KEYS[4], lease * 2)
return {'ok', second}
