-- ARGV: what the client knows (as for a snapshot), then a batch in MessagePack; see encoding.py.
--
-- Does what `store/transition.py` does, and answers the same. All is worked out first; only then is anything written.
local batch = cmsgpack.unpack(ARGV[3])
local now = tonumber(batch.at)

local touched, order = {}, {} -- rows by key: as stored, as by now, why; and what becomes an event
local changed = {} -- keys of touched rows, in order
local placed, vacated, reserved = {}, {}, {}
local quarantined, leased, planned, asked = {}, {}, {}, {}
local workspaces, undone = {}, {}
local number = 0 -- of the op being worked in

local function refuse(...)
  answer('refused', number, ...)
end

local function read_row(key)
  local record = redis.call('HGET', ROW, key)
  if not record then
    return nil
  end
  local slot, port, source, made, name, body = unpack(split(record, 6))
  if not whole(port) or not whole(made) then
    damaged('an assignment has no port or no revision')
  end
  return {slot = slot, port = port, source = source, revision = whole(made), name = name, body = body}
end

local function row_of(key)
  if not touched[key] then
    local before = read_row(key)
    touched[key] = {before = before, now = before, reason = '""'}
    changed[#changed + 1] = key
    order[#order + 1] = {key = key}
  end
  return touched[key]
end

local function expect(row, expected)
  local found = row and row.revision or false
  if found == expected then
    return
  end
  if not row then
    refuse('gone')
  end
  refuse('moved', row.port)
end

-- Return what keeps a service from an option: a reason and whose port it is, nil when it is free.
local function obstacle(key, option, row)
  if option.source == 'inherited' then
    return nil
  end
  local owner = placed[option.slot]
  if not owner then
    owner = redis.call('HGET', PORT, option.slot)
    owner = owner and not vacated[owner] and owner or nil
  end
  if owner and owner ~= key then
    return 'owned', owner
  end
  local before = row.before
  local had = before and before.source ~= 'inherited' and before.slot == option.slot
  if reserved[option.slot] and not had then
    return 'reserved', ''
  end
end

-- Forget where an earlier op of this batch placed the service.
local function give_up(key, row)
  if row.now and placed[row.now.slot] == key then
    placed[row.now.slot] = nil
  end
end

local function claim(op)
  local row = row_of(op.key)
  expect(row.now, op.expected)
  local chosen
  for _, option in ipairs(op.options) do
    if not obstacle(op.key, option, row) then
      chosen = option
      break
    end
  end
  if not chosen then
    refuse(obstacle(op.key, op.options[1], row))
  end
  give_up(op.key, row)
  chosen.revision = revision + 1
  row.now, row.reason = chosen, op.reason
  if chosen.source ~= 'inherited' then
    placed[chosen.slot] = op.key
    quarantined[chosen.slot] = false
  end
end

local function remove(op)
  local row = row_of(op.key)
  local gone = row.now
  expect(gone, op.expected)
  if not gone then
    refuse('gone already')
  end
  give_up(op.key, row)
  row.now, row.reason = nil, op.reason
  if gone.source ~= 'inherited' and not placed[gone.slot] then
    quarantined[gone.slot] = batch.at .. SEP .. gone.name
  end
end

local function take_lease(op)
  local row = touched[op.key]
  local exists
  if row then
    exists = row.now
  else
    exists = read_row(op.key)
  end
  if not exists then
    refuse('not leased')
  end
  leased[op.key] = op.token .. SEP .. op.body
end

-- Say whether the lease of a service is the one with that token.
local function is_held(key, token)
  local held = leased[key]
  if held == nil then
    held = redis.call('GET', LEASE .. ':' .. key)
  end
  return held and split(held, 2)[1] == token
end

local function drop_lease(op)
  if is_held(op.key, op.token) then
    leased[op.key] = false
  end
end

local function read_workspace(field)
  local record = field and redis.call('HGET', WORKSPACE, field)
  if not record then
    return nil
  end
  local name, root, body = unpack(split(record, 3))
  return {field = field, name = name, root = root, body = body}
end

local function record_workspace(op)
  local named = read_workspace(op.field)
  local there = op.root ~= '' and read_workspace(redis.call('HGET', ROOT, op.root)) or nil
  for _, other in ipairs(workspaces) do
    if other.field == op.field then
      named = other
    end
    if op.root ~= '' and other.root == op.root then
      there = other
    end
  end
  if there and there.name ~= op.name then
    refuse('rooted', there.name)
  end
  if named and op.root ~= '' and named.root ~= op.root then
    refuse('named', named.name)
  end
  if not named or (op.root ~= '' and named.body ~= op.body) then
    workspaces[#workspaces + 1] = op
  end
end

local function record_plan(op)
  planned[op.id] = op.applying and table.concat({op.host, op.reserved, op.body}, SEP) or false
end

local function ask(op)
  if not is_held(op.key, op.token) then
    refuse('not run')
  end
  asked[op.id] = table.concat({op.times, op.verdict, op.text, op.body}, SEP)
end

-- Answer a request that is there and has no answer yet.
local function give_answer(op)
  local known = asked[op.id]
  if known == nil then
    known = redis.call('HGET', REQUEST, op.id)
  end
  local parts = known and split(known, 4)
  if parts and parts[2] == '' then
    parts[2], parts[3] = op.verdict, op.text
    asked[op.id] = table.concat(parts, SEP)
  end
end

local function record_event(op)
  order[#order + 1] = op
end

local function mark_undone(op)
  local made = redis.call('HGET', SEEN, op.id)
  local record = made and redis.call('HGET', OPERATION, made)
  if not record then
    refuse('too long ago')
  end
  local parts = split(record, 6)
  if parts[2] == '1' or undone[made] then
    refuse('undone', parts[5])
  end
  parts[2] = '1'
  undone[made] = table.concat(parts, SEP)
end

local TAKE = {
  claim = claim,
  remove = remove,
  take_lease = take_lease,
  drop_lease = drop_lease,
  workspace = record_workspace,
  plan = record_plan,
  event = record_event,
  undone = mark_undone,
  ask = ask,
  answer = give_answer,
}

-- Note the requests whose time is over, but for those of a plan that is at work.
local function forget_requests()
  local held = redis.call('HGETALL', REQUEST)
  for at = 1, #held, 2 do
    local since, deadline = string.match(split(held[at + 1], 4)[1], '^(%S+) (%S+)$')
    since, deadline = tonumber(since), tonumber(deadline)
    if not since or not deadline then
      damaged('a request has no time')
    end
    local plan = string.match(held[at], '^(.*)/')
    local at_work = plan and redis.call('HEXISTS', PLAN, plan) == 1
    if not at_work and (now < since - batch.request_kept or now >= deadline + batch.request_kept) then
      asked[held[at]] = false
    end
  end
end

-- Note which rows the batch changes or removes, which ports other plans keep, and which requests are over.
local function prepare()
  forget_requests()
  local own = {}
  for _, op in ipairs(batch.ops) do
    if op.kind == 'claim' or op.kind == 'remove' then
      vacated[op.key] = true
    elseif op.kind == 'plan' then
      own[op.id] = true
    end
  end
  local plans = redis.call('HGETALL', PLAN)
  for at = 1, #plans, 2 do
    if not own[plans[at]] then
      for slot in string.gmatch(split(plans[at + 1], 3)[2], '[^\n]+') do
        reserved[slot] = true
      end
    end
  end
end

local function json_of(key, row)
  if not row then
    return 'null'
  end
  local front = '{"key":' .. key .. ',"port":' .. row.port .. ',"source":"' .. row.source .. '","revision":'
  return front .. row.revision .. ',' .. string.sub(row.body, 2)
end

local function kind_of(before, after)
  if not after then
    return 'released'
  end
  if not before then
    return after.source == 'detected' and 'adopted' or 'assigned'
  end
  return before.port == after.port and 'updated' or 'moved'
end

-- Return a record of history but for its number, of a row that changed.
local function row_event(key, row)
  local before, after = row.before, row.now
  local name = (after or before).name
  local body = '{"kind":"' .. kind_of(before, after) .. '","at":' .. batch.at
    .. ',' .. batch.homes[key] .. ',"service":"' .. name .. '","actor":' .. batch.actor
    .. ',"reason":' .. row.reason .. ',"revision":' .. revision + 1
    .. (before and ',"from":' .. before.port or '') .. (after and ',"to":' .. after.port or '') .. '}'
  return '"' .. string.lower(name) .. '"', body
end

local function history()
  local found = {}
  for _, entry in ipairs(order) do
    if entry.kind == 'event' then
      local body = '{"revision":' .. revision + 1 .. ',' .. string.sub(entry.body, 2)
      found[#found + 1] = {entry.service, body}
    else
      local row = touched[entry.key]
      if row.before or row.now then
        found[#found + 1] = {row_event(entry.key, row)}
      end
    end
  end
  return found
end

local function operation()
  local changes = {}
  for _, key in ipairs(changed) do
    local row = touched[key]
    if row.before or row.now then
      local before, after = json_of(key, row.before), json_of(key, row.now)
      changes[#changes + 1] = '{"before":' .. before .. ',"after":' .. after .. '}'
    end
  end
  local is_undoing, has_changed = next(undone) and '1' or '0', #changes > 0 and '1' or '0'
  local body = batch.front .. table.concat(changes, ',') .. ']}'
  return table.concat({batch.id, is_undoing, has_changed, batch.workspace, batch.title, body}, SEP)
end

-- Return the ports whose time in quarantine is over.
local function expired()
  local found, held = {}, redis.call('HGETALL', QUARANTINE)
  for at = 1, #held, 2 do
    local since = tonumber(split(held[at + 1], 2)[1])
    if not since then
      damaged('a quarantine has no time')
    end
    if quarantined[held[at]] == nil and math.abs(since - now) >= batch.quarantine then
      found[#found + 1] = held[at]
    end
  end
  return found
end

-- Take all old rows out before the new ones go in: two services may have swapped.
local function write_rows()
  for _, key in ipairs(changed) do
    local before = touched[key].before
    if before then
      redis.call('HDEL', ROW, key)
      if before.source ~= 'inherited' then
        redis.call('HDEL', PORT, before.slot)
      end
    end
  end
  for _, key in ipairs(changed) do
    local row = touched[key].now
    if row then
      redis.call('HSET', ROW, key, table.concat({row.slot, row.port, row.source, row.revision, row.name, row.body}, SEP))
      if row.source ~= 'inherited' then
        redis.call('HSET', PORT, row.slot, key)
      end
    end
  end
end

local function write_each(name, values)
  for field, value in pairs(values) do
    if value then
      redis.call('HSET', name, field, value)
    else
      redis.call('HDEL', name, field)
    end
  end
end

local function write_leases()
  for _, key in ipairs(changed) do
    if not touched[key].now then
      leased[key] = false
    end
  end
  for key, held in pairs(leased) do
    if held then
      redis.call('SET', LEASE .. ':' .. key, held, 'PX', batch.lease)
      redis.call('SADD', LEASE, key)
    else
      redis.call('DEL', LEASE .. ':' .. key)
      redis.call('SREM', LEASE, key)
    end
  end
  for _, key in ipairs(redis.call('SMEMBERS', LEASE)) do
    if redis.call('EXISTS', LEASE .. ':' .. key) == 0 then
      redis.call('SREM', LEASE, key)
    end
  end
end

local function write_workspaces()
  for _, each in ipairs(workspaces) do
    redis.call('HSET', WORKSPACE, each.field, table.concat({each.name, each.root, each.body}, SEP))
    if each.root ~= '' then
      redis.call('HSET', ROOT, each.root, each.field)
    end
  end
end

local function write_log(made, events)
  for at, event in ipairs(events) do
    redis.call('LPUSH', EVENT, table.concat({sequence + at, event[1], event[2]}, SEP))
  end
  redis.call('LTRIM', EVENT, 0, batch.events_kept - 1)
  write_each(OPERATION, undone)
  redis.call('HSET', OPERATION, revision + 1, made)
  redis.call('HSET', SEEN, batch.id, revision + 1)
  local oldest = revision + 1 - batch.operations_kept
  local record = redis.call('HGET', OPERATION, oldest)
  if record then
    redis.call('HDEL', SEEN, split(record, 2)[1])
    redis.call('HDEL', OPERATION, oldest)
  end
end

-- From here on nothing may fail: a script that ends half way leaves `unfinished`, and the store counts as damaged.
local function write(made, events, over)
  redis.call('HSET', META, 'unfinished', batch.id)
  write_rows()
  write_each(QUARANTINE, quarantined)
  for _, slot in ipairs(over) do
    redis.call('HDEL', QUARANTINE, slot)
  end
  write_leases()
  write_workspaces()
  write_each(PLAN, planned)
  write_each(REQUEST, asked)
  write_log(made, events)
  revision, latest, sequence = revision + 1, batch.id, sequence + #events
  redis.call('HSET', META, 'format', FORMAT, 'revision', revision, 'operation', latest, 'sequence', sequence)
  redis.call('HSET', META, 'sizes', sizes(FORMAT))
  redis.call('HDEL', META, 'unfinished')
  redis.pcall('PUBLISH', FEED, revision) -- merely a hint: who may not publish can do without
end

return run(function()
  local since = tonumber(ARGV[1])
  local way = relation(since, ARGV[2])
  local made = redis.call('HGET', SEEN, batch.id)
  if made then
    return {{'seen', tonumber(made), redis.call('HGET', OPERATION, made) or ''}, state(way, since)}
  end
  if way == 'forked' then
    return {{'forked'}, state(way, since)}
  end
  local done, refused = pcall(function()
    prepare()
    for at, op in ipairs(batch.ops) do
      number = at
      TAKE[op.kind](op)
    end
  end)
  if not done then
    if type(refused) == 'table' and refused.said and refused.said[1] == 'refused' then
      return {refused.said, state(way, since)}
    end
    return error(refused)
  end
  local record, events, over = operation(), history(), expired()
  write(record, events, over)
  local verdict = {'applied', revision, record}
  for _, event in ipairs(events) do
    verdict[#verdict + 1] = event[2]
  end
  return {verdict, state(relation(since, ARGV[2]), since)}
end)
