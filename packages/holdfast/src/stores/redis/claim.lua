-- Takes a key if nobody has it, else says how it stands: see `IdempotencyStore.claim`. Asked where a `SET NX` of
-- `first`, a new record, has not told; and for who does not know the fingerprint, which is empty then. `first` is empty
-- where Redis has refused to write it: then nothing is granted. Before version 7 Redis would let a script write all the
-- same where replicas are missing.
--
-- A record is a string, which Redis forgets by itself. In progress, it is six fields with spaces between them:
--   token       of whoever has the key
--   known       fingerprint
--   over        the time to live at which the lease is over, in milliseconds: so nobody need know what time it is
--   attempt
--   reconciler  token of whoever was granted to reconcile it; `.` as long as nobody was
--   points      recovery points, as JSON: [[name, value], ...]
-- Once it is completed, it is `=`, the fingerprint and the result.

local key = KEYS[1]
local first, token, fingerprint, over, retention, expired = unpack(ARGV)

local refused = first == '' and { 'refused' }
local taken = refused or { 'absent' }
if not refused and fingerprint ~= '' then
  -- Nobody may have it by now. Where Redis takes no writes this fails, and not what follows.
  taken = redis.pcall('SET', key, first, 'NX', 'PX', retention)
  if taken and taken.ok then
    return 1
  end
end

local record = redis.call('GET', key)
if not record then
  return taken
end

local kept, result = string.match(record, '^= (%S+) (.*)$')
if kept then
  if fingerprint ~= '' and kept ~= fingerprint then
    return { 'mismatch' }
  end
  return { 'completed', result, math.max(1, redis.call('PTTL', key)) }
end

local owner, known, ends, attempt, reconciler, points =
  string.match(record, '^(%S+) (%S+) (%S+) (%S+) (%S+) (.*)$')

local function grant(number)
  if refused then
    return refused
  end
  local fields = { token, known, over, number, reconciler, points }
  redis.call('SET', key, table.concat(fields, ' '), 'PX', retention)
  local kind = token == reconciler and 'reconcile' or 'claimed'
  return { kind, tonumber(number), points }
end

if owner == token then
  return grant(attempt)
end
if fingerprint ~= '' and known ~= fingerprint then
  return { 'mismatch' }
end
local lease_left = redis.call('PTTL', key) - ends
if lease_left > 0 then
  return { 'in-progress', lease_left }
end
if expired == 'takeover' then
  return grant(attempt + 1)
end
if expired == 'reconcile' and reconciler == '.' then
  reconciler = token
  return grant(attempt)
end
return { 'unknown' }
