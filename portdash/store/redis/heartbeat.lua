-- ARGV: a key, a token, milliseconds. Let the lease live on from now, unless it is over or another's.
return run(function()
  local name = LEASE .. ':' .. ARGV[1]
  local held = redis.call('GET', name)
  if not held or split(held, 2)[1] ~= ARGV[2] then
    return {{'lost'}}
  end
  redis.call('PEXPIRE', name, ARGV[3])
  return {{'kept'}}
end)
