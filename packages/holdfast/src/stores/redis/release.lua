-- Forgets a key: see `IdempotencyStore.release`, and `claim.lua` for the fields.

if redis.call('HGET', KEYS[1], 't') ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])
