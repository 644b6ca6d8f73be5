-- Keeps the result, and nothing else but what was asked for: see `IdempotencyStore.complete`, and
-- `claim.lua` for the fields.

local key = KEYS[1]
local token, result, retention = unpack(ARGV)

local record = redis.call('HMGET', key, 't', 'f')
if record[1] ~= token then
  return 0
end

-- The deletion first: a full memory does not forbid it, nor any write after it.
redis.call('DEL', key)
redis.call('HSET', key, 'f', record[2], 'r', result)
redis.call('PEXPIRE', key, retention)
return 1
