-- ARGV: `events`, how many, and the service they are about or nothing; or `operations`, how many, and the workspace.
local CHUNK = 500

local function events(limit, service)
  local found, from = {}, 0
  while #found < limit do
    local chunk = redis.call('LRANGE', EVENT, from, from + CHUNK - 1)
    for _, record in ipairs(chunk) do
      if #found < limit and (service == '' or split(record, 3)[2] == service) then
        found[#found + 1] = record
      end
    end
    from = from + CHUNK
    if #chunk < CHUNK then
      break
    end
  end
  return found
end

local function operations(limit, workspace)
  local found, count = {}, 0
  for number = revision, 1, -1 do
    local record = redis.call('HGET', OPERATION, number)
    if not record or count >= limit then
      break
    end
    local parts = split(record, 5)
    if parts[2] == '0' and parts[3] == '1' and parts[4] == workspace then
      found[#found + 1] = number
      found[#found + 1] = record
      count = count + 1
    end
  end
  return found
end

return run(function()
  local ask = ARGV[1] == 'events' and events or operations
  return {{'history'}, ask(tonumber(ARGV[2]), ARGV[3])}
end)
