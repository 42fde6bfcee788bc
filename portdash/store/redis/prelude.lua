-- What every script begins with: the keys by name, whether they are what was written here, and what they hold.
--
-- Records are texts whose parts stand between unit separators (no part but a JSON body may hold one, and JSON escapes
-- it). Keys and ports are JSON arrays, in the one spelling that the client uses. JSON is put together, never parsed:
-- cjson would turn large numbers into floats and empty arrays into objects.
local META, ROW, PORT, LEASE, WORKSPACE, ROOT, QUARANTINE, PLAN, REQUEST, OPERATION, SEEN, EVENT, FEED = unpack(KEYS)
local KINDS = {'hash', 'hash', 'hash', 'set', 'hash', 'hash', 'hash', 'hash', 'hash', 'hash', 'hash', 'list'}
local COUNTED = {ROW, PORT, WORKSPACE, ROOT, QUARANTINE, PLAN, REQUEST, OPERATION, SEEN}
local SEP = '\31'
local FORMAT = 2
local OLDEST = 1 -- it had no requests; the first change makes it this format
local FURTHEST = 100 -- revisions behind which reading everything is no dearer than following the log

local revision, sequence, latest = 0, 0, ''

-- End the script with an answer, from any depth. Nothing may have been written before.
local function answer(...)
  error({said = {...}})
end

local function damaged(detail)
  answer('damaged', detail)
end

-- Return the number that a text of digits is, nil for everything else.
local function whole(text)
  if type(text) == 'string' and #text < 16 and string.find(text, '^%d+$') then
    return tonumber(text)
  end
end

-- Split a record into so many parts, of which the last takes the rest.
local function split(record, count)
  local parts, from = {}, 1
  for number = 1, count - 1 do
    local at = string.find(record, SEP, from, true)
    if not at then
      damaged('a record is cut off')
    end
    parts[number] = string.sub(record, from, at - 1)
    from = at + 1
  end
  parts[count] = string.sub(record, from)
  return parts
end

-- Return how much every key holds. It is noted with each change: what a server evicts, or a stranger deletes, shows.
local function sizes(format)
  local found = {}
  for _, key in ipairs(COUNTED) do
    if key ~= REQUEST or format > OLDEST then
      found[#found + 1] = redis.call('HLEN', key)
    end
  end
  found[#found + 1] = redis.call('LLEN', EVENT)
  return table.concat(found, ' ')
end

-- Look at what there is before it is believed, and learn the revision.
local function open()
  local found = 0
  for number, wanted in ipairs(KINDS) do
    local kind = redis.call('TYPE', KEYS[number]).ok
    if kind ~= 'none' and kind ~= wanted then
      damaged(KEYS[number] .. ' is a ' .. kind .. ' and not a ' .. wanted)
    end
    if kind ~= 'none' and KEYS[number] ~= LEASE then
      found = found + 1
    end
  end
  if found == 0 then
    return
  end
  local head = redis.call('HMGET', META, 'format', 'revision', 'operation', 'sequence', 'sizes', 'unfinished')
  local format = whole(head[1])
  if format and format > FORMAT then
    answer('newer', format)
  end
  revision, latest, sequence = whole(head[2]), head[3], whole(head[4])
  if not format or format < OLDEST or not revision or not latest or not sequence then
    damaged('its revision is missing')
  end
  if head[6] then
    damaged('a change was left half done')
  end
  if head[5] ~= sizes(format) then
    damaged('something was taken out of it, or put in')
  end
end

local function leases()
  local found = {}
  for _, key in ipairs(redis.call('SMEMBERS', LEASE)) do
    local held = redis.call('GET', LEASE .. ':' .. key)
    if held then
      found[#found + 1] = key
      found[#found + 1] = held
    end
  end
  return found
end

-- Say how what a client knows relates to what is here: `same`, `log` (the log leads from there to here), `full` (too
-- far behind) or `forked` (what it knows is not in this past: changes were lost).
local function relation(since, operation)
  if since > revision then
    return 'forked'
  end
  if since == revision and operation == latest then
    return 'same'
  end
  local known = since > 0 and redis.call('HGET', OPERATION, since)
  if not known then
    return 'full'
  end
  if split(known, 2)[1] ~= operation then
    return 'forked'
  end
  return revision - since <= FURTHEST and 'log' or 'full'
end

-- Return what the store holds, as far as a client that knows `since` does not know it.
local function state(way, since)
  if way == 'same' then
    return {way, revision, latest, leases()}
  end
  local rows
  if way == 'log' then
    local wanted = {}
    for number = since + 1, revision do
      wanted[#wanted + 1] = number
    end
    rows = redis.call('HMGET', OPERATION, unpack(wanted))
  else
    rows = redis.call('HGETALL', ROW)
  end
  local workspaces, quarantines = redis.call('HGETALL', WORKSPACE), redis.call('HGETALL', QUARANTINE)
  local plans, requests = redis.call('HGETALL', PLAN), redis.call('HGETALL', REQUEST)
  return {way, revision, latest, leases(), rows, workspaces, quarantines, plans, requests}
end

-- Run the script proper on a store that was looked at.
local function run(work)
  local done, result = pcall(function()
    open()
    return work()
  end)
  if done then
    return result
  end
  if type(result) == 'table' and result.said then
    return {result.said}
  end
  return error(result)
end
