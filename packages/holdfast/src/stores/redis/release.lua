-- Forgets a key: see `IdempotencyStore.release`, and `claim.lua` for the record.

local owner = string.match(redis.call('GET', KEYS[1]) or '', '^%S+')
if owner ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])
