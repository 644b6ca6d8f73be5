-- Lets the lease end later, sooner or at once: see `IdempotencyStore.extend`, and `claim.lua` for the record.

local key = KEYS[1]
local token, lease = ARGV[1], tonumber(ARGV[2])

local owner, known, rest =
  string.match(redis.call('GET', key) or '', '^(%S+) (%S+) %S+ (.*)$')
if owner ~= token then
  return 0
end

local left = math.max(redis.call('PTTL', key), lease)
if left <= 0 then
  -- The record's last moment: nothing is left to be said of it.
  redis.call('DEL', key)
  return 0
end

-- Formatted, since versions of Redis differ in how they write large numbers.
local retention = string.format('%.0f', left)
local over = string.format('%.0f', left - lease)

-- The expiry first: a full memory does not forbid it, nor any write after it. So work that runs can go on.
redis.call('PEXPIRE', key, retention)
redis.call('SET', key, table.concat({ token, known, over, rest }, ' '), 'PX', retention)
return 1
