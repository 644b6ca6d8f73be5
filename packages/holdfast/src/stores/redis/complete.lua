-- Keeps the result, and nothing else but what was asked for: see `IdempotencyStore.complete`, and
-- `claim.lua` for the record.

local key = KEYS[1]
local token, result, retention = unpack(ARGV)

local record = redis.call('GET', key)
local begin = #token + 2
if not record or string.sub(record, 1, begin - 1) ~= token .. ' ' then
  return 0
end

local known = string.sub(record, begin, string.find(record, ' ', begin, true) - 1)
local completed = '= ' .. known .. ' ' .. result
local kept = redis.pcall('SET', key, completed, 'PX', retention)
if kept.err then
  -- A full memory forbids it, but not the deletion, nor any write after that.
  redis.call('DEL', key)
  redis.call('SET', key, completed, 'PX', retention)
end
return 1
