-- ARGV: the revision the client knows, and the id of the operation that made it.
return run(function()
  local since = tonumber(ARGV[1])
  return {{'state'}, state(relation(since, ARGV[2]), since)}
end)
