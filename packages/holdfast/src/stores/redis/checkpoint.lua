-- Keeps a recovery point: see `IdempotencyStore.checkpoint`, and `claim.lua` for the fields.

local key = KEYS[1]
local token, name, value, lease = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

if redis.call('HGET', key, 't') ~= token then
  return 0
end

local points = cjson.decode(redis.call('HGET', key, 'p') or '[]')
local place = #points + 1
for i, point in ipairs(points) do
  if point[1] == name then
    place = i
  end
end
points[place] = { name, value }

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- The expiry first, and what it may do, as in `extend.lua`.
redis.call('PEXPIRE', key, string.format('%.0f', math.max(redis.call('PTTL', key), lease)))
if redis.call('EXISTS', key) == 0 then
  return 0
end
redis.call('HSET', key, 'l', string.format('%.0f', now + lease), 'p', cjson.encode(points))
return 1
