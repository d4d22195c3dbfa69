-- Random values for message_stress.cc, and how to compare them with what came
-- back: make(seed), difference(sent, back, metatables); and found_incomplete(),
-- as constructors look at what they are called with. Each isolate runs this.

local tri = require "trilune"

local function random_of(state)
  return function(n)
    state = state * 6364136223846793005 + 1442695040888963407
    return (state >> 33) % n + 1
  end
end

-- A module with the constructors of __transfer metamethods.
local pieces = {}
package.preload.pieces = function() return pieces end
require "pieces"

-- What every isolate has: it arrives as the same value.
local everywhere = {print, math.random, string.rep, io.stdout, string, _G,
  table, require, coroutine.wrap, pieces, tri.go}
local is_everywhere = {}
for _, value in ipairs(everywhere) do is_everywhere[value] = true end

-- Their handles come back as the same.
local handles = {tri.channel(), tri.channel(1), tri.channel(2)}

local numbers = {0, -1, 1, 127, 128, -128, -129, math.maxinteger,
  math.mininteger, 0.0, -0.0, 1.0, 1 / 0, -1 / 0, 0 / 0, -(0 / 0), 5e-324,
  1.7976931348623157e308, 2^53, 0.1}

local function scalar(random)
  local what = random(9)
  if what == 1 then return random(2) == 1 end
  if what == 2 then return numbers[random(#numbers)] end
  if what == 3 then return random(1 << 30) * random(1 << 30) end
  if what == 4 then return random(1000) / 7 end
  if what == 5 then return ("a\0b\255"):rep(random(20)) end
  if what == 6 then return "s" .. random(50) end
  if what == 7 then return ("long\0"):rep(40 + random(200)) end
  if what == 8 then return handles[random(#handles)] end
  return everywhere[random(#everywhere)]
end

-- What has a __transfer, by its metatable. `stands_for`: it arrives as this.
local function raw_of(meta, name) return meta and rawget(meta, name) end
local function metatable_of(value)
  return type(value) == "table" and debug.getmetatable(value) or nil
end
local function result(value)
  while true do
    local stands_for = raw_of(metatable_of(value), "stands_for")
    if not stands_for then return value end
    value = stands_for(value)
  end
end

-- Made by a function of a module.
pieces.meta = {__transfer = function(o)
  return pieces.new, o.kid, table.unpack(o, 1, o.n)
end}
is_everywhere[pieces.meta] = true
-- By one that comes with the value, with upvalues that others share.
local function class(extra)
  local meta = {size = 2}
  local function new(kid, ...) return pieces.build(meta, extra, kid, ...) end
  function meta.__transfer(o) return new, o.kid, table.unpack(o, 1, o.n) end
  function meta.get() return extra, meta end
  return meta
end
-- By nothing: it is its own first argument.
local alias = {__transfer = function(o) return pieces.same, o[1] end,
  stands_for = function(o) return o[1] end}
local nothing = {__transfer = function(o)
  return pieces.nothing, table.unpack(o, 1, o.n)
end, stands_for = function() end}
-- By a C function: of the program, or a closure that a module has.
local expected = {__transfer = function(o)
  return o.f, table.unpack(o, 1, o.n)
end, stands_for = function(o) return o.expected end}

-- The children of a table or function.
local function each(parent, visit)
  if type(parent) == "table" then
    for k, v in next, parent do
      visit(k)
      visit(v)
    end
    return visit(debug.getmetatable(parent))
  end
  for i = 1, math.maxinteger do
    local name, v = debug.getupvalue(parent, i)
    if name == nil then return end
    visit(v)
  end
end
local function has_parts(value)
  return (type(value) == "table" or type(value) == "function") and
    not is_everywhere[value]
end

local function entries(t)
  local count = 0
  for k, v in next, t do
    if k ~= "size" and result(v) ~= nil then count = count + 1 end
  end
  return count
end
-- Each table says how many entries it has; no upvalue is nil, nor _G if it is
-- not _ENV: that is what an upvalue is before it is set.
local function is_complete(value)
  if type(value) == "table" then
    return raw_of(debug.getmetatable(value), "__transfer") ~= nil or
      rawget(value, "size") == entries(value)
  end
  for i = 1, math.maxinteger do
    local name, v = debug.getupvalue(value, i)
    if name == nil then return true end
    if v == nil or (v == _G and name ~= "_ENV") then return false end
  end
end

-- What a constructor saw that was incomplete: the value made, what it saw.
local noted = {}
local function look(made, ...)
  local seen, work = {}, {}
  local function visit(value)
    if not has_parts(value) or seen[value] then return end
    seen[value] = true
    work[#work + 1] = value
  end
  for i = 1, select("#", ...) do visit((select(i, ...))) end
  while #work > 0 do
    local value = table.remove(work)
    if not is_complete(value) then noted[#noted + 1] = {made, value} end
    each(value, visit)
  end
end
function pieces.build(meta, extra, kid, ...)
  local made = setmetatable({kid = kid, n = select("#", ...), ...}, meta)
  look(made, extra, ...)
  return made
end
function pieces.new(kid, ...) return pieces.build(pieces.meta, nil, kid, ...) end
function pieces.same(value)
  look(value, value)
  return value
end
function pieces.nothing() end

-- Whether a constructor saw something incomplete that it is no part of. Asked
-- when all has been read.
function found_incomplete()
  local parents, work = {}, {}
  local function enter(value)
    if not has_parts(value) or parents[value] then return end
    parents[value] = {}
    work[#work + 1] = value
  end
  for _, pair in ipairs(noted) do enter(pair[2]) end
  while #work > 0 do
    local parent = table.remove(work)
    each(parent, function(value)
      enter(value)
      local list = parents[value]
      if list then list[#list + 1] = parent end
    end)
  end
  local holders = {}
  local function holders_of(made)
    local found = {[made] = true}
    work[1] = made
    while #work > 0 do
      for _, parent in ipairs(parents[table.remove(work)] or {}) do
        if not found[parent] then
          found[parent] = true
          work[#work + 1] = parent
        end
      end
    end
    return found
  end
  local why
  for _, pair in ipairs(noted) do
    local made, value = pair[1], pair[2]
    holders[made] = holders[made] or holders_of(made)
    if not holders[made][value] then why = "an argument is incomplete" end
  end
  noted = {}
  return why
end

local function closures(a, b)
  local function get() return a, b end
  local function set(x) a, b = b, x return get end
  return get, set
end
local function counter()
  local n, _ENV = 0, {}
  return function() n = n + 1 return n end
end
local stripped = load(string.dump(function(...) local x = ... return x end,
  true))

-- Tables and functions that refer to one another anyhow. `size`: 1 or nil, see
-- is_complete.
local function graph(random, size)
  local all, tables, keys = {}, {}, 0
  for _ = 1, random(30) do
    if random(5) == 1 then
      local f, g = closures(size, size)
      all[#all + 1], all[#all + 2] = f, g
    elseif random(20) == 1 then
      all[#all + 1] = random(2) == 1 and counter() or stripped
    else
      local t = {}
      all[#all + 1], tables[#tables + 1] = t, t
    end
  end
  if #tables == 0 then tables[1] = {} all[#all + 1] = tables[1] end
  local function value()
    if random(3) == 1 then return all[random(#all)] end
    local v = scalar(random)
    if random(40) ~= 1 then return v end
    for _ = 1, random(200) do
      v = random(2) == 1 and {v, size = size} or
        {next = v, random(9), size = size and 2}
    end
    return v
  end
  local function key()
    local what = random(8)
    if what == 1 then
      keys = keys + 1
      local k = tables[random(#tables)]
      k.kid = k.kid or keys
      return k
    end
    if what == 2 then return random(20) end
    if what == 3 then return random(100) + 0.5 end
    if what == 4 then return random(2) == 1 end
    if what == 5 then return print end
    local v = scalar(random)
    return v == v and v or "NaN"
  end
  for _, object in ipairs(all) do
    if type(object) == "table" then
      for i = 1, random(12) - 1 do
        if random(10) > 1 then object[i] = value() end
      end
      for _ = 1, random(8) - 1 do object[key()] = value() end
      if random(6) == 1 then
        setmetatable(object, tables[random(#tables)])
      end
    elseif object ~= stripped then
      for i = 1, 2 do
        local name = debug.getupvalue(object, i)
        if (name == "a" or name == "b") and random(2) == 1 then
          local v = value()
          debug.setupvalue(object, i, v ~= _G and v)
        end
      end
    end
  end
  for _, t in ipairs(tables) do t.__transfer, t.__gc, t.__mode = nil end
  return all, tables
end

-- Adds values with a __transfer, and what they are in. There are no cycles but
-- through the hubs, which hold everything: so no value is a part of what it is
-- made of.
local function constructed(random, base)
  local nodes, hubs, keys = {}, {}, {}
  for i = 1, random(4) - 1 do hubs[i] = {} end
  local function wrap(value, depth)
    if depth > 0 and result(value) == nil then value = 0 end
    for _ = 1, depth do
      value = random(2) == 1 and {value, size = 1} or {next = value, size = 1}
    end
    return value
  end
  local function pick()
    local what = random(16)
    local value
    if what <= 6 and #nodes > 0 then
      value = nodes[math.max(1, #nodes + 1 - random(4))]
    elseif what <= 9 and #nodes > 0 then
      value = nodes[random(#nodes)]
    elseif what == 10 and #hubs > 0 then
      return hubs[random(#hubs)]
    elseif what <= 12 then
      value = base[random(#base)]
    else
      value = scalar(random)
    end
    return random(8) == 1 and wrap(value, 10 + random(12)) or value
  end
  local function some()  -- for an upvalue, see is_complete
    local value = pick()
    local there = result(value)
    if there == nil or there == _G then return 0 end
    return value
  end
  local function list(count)
    local t = {n = count}
    for i = 1, count do t[i] = pick() end
    return t
  end
  local tables, classes = {}, {}
  local function object()
    local what = random(10)
    local o = list(random(4) - 1)
    if what <= 6 then
      o.kid = 1000 + #nodes
      keys[#keys + 1] = o
      if what <= 3 then return setmetatable(o, pieces.meta) end
      if #classes == 0 or random(3) == 1 then
        classes[#classes + 1] = class(some())
      end
      return setmetatable(o, classes[random(#classes)])
    end
    if what == 7 then return setmetatable({pick()}, alias) end
    if what == 8 then
      -- What it is made of is lost, and so would be who contains whom.
      if #hubs > 0 then o = {scalar(random), n = 1} end
      return setmetatable(o, nothing)
    end
    if what == 9 then
      o = random(2) == 1 and {f = string.rep, n = 2, "ab", random(200)} or
        {f = math.random, n = 2, 5, 5}
      o.expected = o.f(o[1], o[2])
    else
      o = {f = setmetatable, n = 2, wrap(some(), 1), nil}
      o.expected = o[1]
    end
    return setmetatable(o, expected)
  end
  for i = 1, random(50) do
    local what = random(9)
    if what <= 4 then
      local t = list(random(5) - 1)
      for _ = 1, random(3) - 1 do t["k" .. random(9)] = pick() end
      if #keys > 0 and random(3) == 1 then t[keys[random(#keys)]] = some() end
      if #tables > 0 and random(6) == 1 then
        setmetatable(t, tables[random(#tables)])
      end
      nodes[i], tables[#tables + 1] = t, t
    elseif what == 5 then
      local get, set = closures(some(), some())
      nodes[i] = random(2) == 1 and get or set
    elseif what == 6 and #classes > 0 then
      nodes[i] = classes[random(#classes)].get
    else
      nodes[i] = object()
    end
  end
  local root = list(2 + random(6))
  root[#root + 1] = nodes[#nodes]
  root.n = nil
  tables[#tables + 1] = root
  if #hubs == 0 then
    if random(8) == 1 then root = nodes[#nodes] end
  else
    hubs[#hubs + 1] = root
    for i = 1, #hubs - 1 do
      hubs[i][1] = wrap(hubs[i + 1], random(20) - 1)
      hubs[i][2] = scalar(random)
      tables[#tables + 1] = hubs[i]
    end
    root = hubs[1]
  end
  return root, tables
end

function make(seed)
  local random = random_of(seed)
  if random(3) == 1 then
    local all = graph(random)
    return all[random(#all)]
  end
  local base, tables = graph(random, 1)
  local root, others = constructed(random, base)
  for _, list in ipairs {tables, others} do
    for _, t in ipairs(list) do t.size = entries(t) end
  end
  return root
end

-- Where the two differ, or nothing. `with`: metatables have been sent.
function difference(first, second, with)
  local there, back, ids, ids_back, work = {}, {}, {}, {}, {}
  local function differ(a, b)
    a = result(a)
    if type(a) ~= type(b) then return type(a) .. " and " .. type(b) end
    if is_everywhere[a] then return a ~= b and "another value" or nil end
    if type(a) == "number" then
      if math.type(a) ~= math.type(b) then return "number types" end
      if a ~= a then return b == b and "no NaN" or nil end
      if a ~= b or (a == 0 and 1 / a ~= 1 / b) then return "numbers" end
    elseif type(a) == "table" or type(a) == "function" then
      if there[a] == nil and back[b] == nil then
        if rawequal(a, b) then return "no copy" end
        there[a], back[b] = b, a
        work[#work + 1] = {a, b}
      elseif there[a] ~= b or back[b] ~= a then
        return "identities"
      end
    elseif a ~= b then
      return type(a) .. "s"
    end
  end
  local function tables(a, b)
    local by_kid, count = {}, 0
    for k in next, b do
      count = count + 1
      if type(k) == "table" and not is_everywhere[k] then
        by_kid[k.kid] = k
      end
    end
    for k, v in next, a do
      if result(v) ~= nil then count = count - 1 end
      local other = k
      if type(k) == "table" and not is_everywhere[k] then
        other = by_kid[k.kid]
        if other == nil then return "a key is lost" end
        local why = differ(k, other)
        if why then return "key: " .. why end
      end
      local why = differ(v, rawget(b, other))
      if why then return "[" .. tostring(k) .. "]: " .. why end
    end
    if count ~= 0 then return "number of keys" end
    local meta, meta_b = debug.getmetatable(a), debug.getmetatable(b)
    if with or raw_of(meta, "__transfer") then return differ(meta, meta_b) end
    return meta_b and "a metatable" or nil
  end
  local function functions(a, b)
    if string.dump(a) ~= string.dump(b) then return "bytecode" end
    for i = 1, math.maxinteger do
      local name, value = debug.getupvalue(a, i)
      local name_b, value_b = debug.getupvalue(b, i)
      if name ~= name_b then return "upvalue names" end
      if name == nil then return nil end
      local why = differ(value, value_b)
      if why then return "upvalue " .. name .. ": " .. why end
      local id, id_b = debug.upvalueid(a, i), debug.upvalueid(b, i)
      if ids[id] == nil and ids_back[id_b] == nil then
        ids[id], ids_back[id_b] = id_b, id
      elseif ids[id] ~= id_b or ids_back[id_b] ~= id then
        return "shared upvalues"
      end
    end
  end
  local why = differ(first, second)
  while not why and #work > 0 do
    local pair = table.remove(work)
    if type(pair[1]) == "table" then
      why = tables(pair[1], pair[2])
    else
      why = functions(pair[1], pair[2])
    end
  end
  return why
end
