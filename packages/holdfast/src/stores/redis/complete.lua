-- Keeps the result, and nothing else but what was asked for: see `IdempotencyStore.complete`, and
-- `claim.lua` for the record.

local key = KEYS[1]
local token, result, retention = unpack(ARGV)

local owner, known = string.match(redis.call('GET', key) or '', '^(%S+) (%S+) ')
if owner ~= token then
  return 0
end

-- The deletion first: a full memory does not forbid it, nor any write after it.
redis.call('DEL', key)
redis.call('SET', key, '= ' .. known .. ' ' .. result, 'PX', retention)
return 1
