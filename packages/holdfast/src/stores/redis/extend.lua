-- Lets the lease end later, sooner or at once: see `IdempotencyStore.extend`, and `claim.lua` for the fields.

local key = KEYS[1]
local token, lease = ARGV[1], tonumber(ARGV[2])

if redis.call('HGET', key, 't') ~= token then
  return 0
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- The expiry first: a full memory does not forbid it, nor any write after it. So work that runs can go on.
redis.call('PEXPIRE', key, string.format('%.0f', math.max(redis.call('PTTL', key), lease)))
-- In the record's last moment that has deleted it, and what is written now would stay for ever.
if redis.call('EXISTS', key) == 0 then
  return 0
end
redis.call('HSET', key, 'l', string.format('%.0f', now + lease))
return 1
