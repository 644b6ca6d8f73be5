-- Takes a key if nobody has it, else says how it stands: see `IdempotencyStore.claim`.
--
-- A record is a hash, and Redis forgets it by itself:
--   f  fingerprint
--   t  token of whoever has the key; absent once it is completed
--   l  end of the lease, in milliseconds of Redis' clock
--   a  attempt
--   k  token of whoever was granted to reconcile it; absent as long as nobody was
--   p  recovery points, as JSON: [[name, value], ...]; absent as long as there are none
--   r  result; absent until it is completed

local key = KEYS[1]
local token, fingerprint, lease, retention, expired = unpack(ARGV)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local record = redis.call('HMGET', key, 'f', 't', 'l', 'a', 'k', 'p')
local known, owner, lease_end, attempt, reconciler, points = unpack(record, 1, 6)

local function grant(number)
  -- Formatted, since versions of Redis differ in how they write large numbers.
  local ends = string.format('%.0f', now + lease)
  redis.call('HSET', key, 'f', known or fingerprint, 't', token, 'l', ends, 'a', number)
  redis.call('PEXPIRE', key, retention)
  local kind = token == reconciler and 'reconcile' or 'claimed'
  return { kind, tonumber(number), points or '[]' }
end

if not known then
  return grant(1)
end
if owner == token then
  return grant(attempt)
end
if known ~= fingerprint then
  return { 'mismatch' }
end
if not owner then
  return { 'completed', redis.call('HGET', key, 'r'), math.max(1, redis.call('PTTL', key)) }
end
if tonumber(lease_end) > now then
  return { 'in-progress', lease_end - now }
end
if expired == 'takeover' then
  return grant(attempt + 1)
end
if expired == 'reconcile' and not reconciler then
  reconciler = token
  redis.call('HSET', key, 'k', token)
  return grant(attempt)
end
return { 'unknown' }
