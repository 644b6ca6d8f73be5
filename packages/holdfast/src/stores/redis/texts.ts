/** `redis/*.lua` as code, so that bundles have them: `npm run reference` writes it. */
export const texts: {
  readonly 'checkpoint.lua': string;
  readonly 'claim.lua': string;
  readonly 'complete.lua': string;
  readonly 'extend.lua': string;
  readonly 'release.lua': string;
} = {
  'checkpoint.lua': `-- Keeps a recovery point: see \`IdempotencyStore.checkpoint\`, and \`claim.lua\` for the record.

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
  -- As in \`extend.lua\`.
  redis.call('DEL', key)
  return 0
end

local retention = string.format('%.0f', left)
local over = string.format('%.0f', left - lease)
local fields = { token, known, over, attempt, reconciler, cjson.encode(points) }

-- The expiry first, as in \`extend.lua\`.
redis.call('PEXPIRE', key, retention)
redis.call('SET', key, table.concat(fields, ' '), 'PX', retention)
return 1
`,
  'claim.lua': `-- Takes a key if nobody has it, else says how it stands: see \`IdempotencyStore.claim\`. Asked where a \`SET NX\` of
-- \`first\`, a new record, has not told; and for who does not know the fingerprint, which is empty then. \`first\` is empty
-- where Redis has refused to write it: then nothing is granted. Before version 7 Redis would let a script write all the
-- same where replicas are missing.
--
-- A record is a string, which Redis forgets by itself. In progress, it is six fields with spaces between them:
--   token       of whoever has the key
--   known       fingerprint
--   over        the time to live at which the lease is over, in milliseconds: so nobody need know what time it is
--   attempt
--   reconciler  token of whoever was granted to reconcile it; \`.\` as long as nobody was
--   points      recovery points, as JSON: [[name, value], ...]
-- Once it is completed, it is \`=\`, the fingerprint and the result.

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
`,
  'complete.lua': `-- Keeps the result, and nothing else but what was asked for: see \`IdempotencyStore.complete\`, and
-- \`claim.lua\` for the record.

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
`,
  'extend.lua': `-- Lets the lease end later, sooner or at once: see \`IdempotencyStore.extend\`, and \`claim.lua\` for the record.

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
`,
  'release.lua': `-- Forgets a key: see \`IdempotencyStore.release\`, and \`claim.lua\` for the record.

local owner = string.match(redis.call('GET', KEYS[1]) or '', '^%S+')
if owner ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])
`,
};
