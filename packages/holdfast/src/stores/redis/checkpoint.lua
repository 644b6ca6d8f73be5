-- Keeps a recovery point: see `IdempotencyStore.checkpoint`, and `claim.lua` for the record.

local key = KEYS[1]
local token, name, value, lease = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local owner, known, attempt, reconciler, json =
  string.match(redis.call('GET', key) or '', '^(%S+) (%S+) %S+ (%S+) (%S+) (.*)$')
if owner ~= token then
  return 0
end

local points = cjson.decode(json)
local place = #points + 1
for i, point in ipairs(points) do
  if point[1] == name then
    place = i
  end
end
points[place] = { name, value }

local left = math.max(redis.call('PTTL', key), lease)
if left <= 0 then
  -- As in `extend.lua`.
  redis.call('DEL', key)
  return 0
end

local retention = string.format('%.0f', left)
local over = string.format('%.0f', left - lease)
local fields = { token, known, over, attempt, reconciler, cjson.encode(points) }

-- The expiry first, as in `extend.lua`.
redis.call('PEXPIRE', key, retention)
redis.call('SET', key, table.concat(fields, ' '), 'PX', retention)
return 1
