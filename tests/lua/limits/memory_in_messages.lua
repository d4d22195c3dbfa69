-- What is sent counts in the sender's memory until it has been received, wherever it lies.
local tri = require "trilune"
local ch = tri.channel(2 ^ 30)
-- Sends until it may not, and says how much; then again, when that was received.
local function fill(ch, again, size)
  local text, sent, e = ("x"):rep(size), 0, nil
  local reserve = { ("r"):rep(3e5), ("s"):rep(3e5) }   -- to be able to say it
  for round = 1, 2 do
    repeat
      local ok, err = pcall(ch.send, ch, text)
      if ok then sent = sent + 1 else e = err end
    until not ok
    reserve[round] = nil
    assert(e == "not enough memory", e)
    if round == 1 then
      again:send(sent)
      again:recv()
    end
  end
  return sent
end
for _, size in ipairs { 1e6, 1e4, 200, 10 } do
  local again = tri.channel()
  local g = tri.spawn({ memory = "4M" }, fill, ch, again, size)
  local sent = again:recv()
  assert(sent * size <= 4 * 2 ^ 20 and sent * (size + 300) > 2 ^ 20, sent)
  for _ = 1, sent do assert(#ch:recv() == size) end
  again:send(true)
  local _, both = g:join(50)
  assert(both > 1.5 * sent, both)
  while ch:tryrecv() do end
end
-- In calls that nobody has read, results and errors that nobody has joined, cancels' reasons.
print(tri.spawn({ memory = "4M" }, function()
  local tri = require "trilune"
  local text = ("x"):rep(1e5)
  local function try(f)
    local kept = {}
    for i = 1, 1e5 do
      local ok, v = pcall(f)
      if not ok then return (v:match("not enough memory$")) end
      kept[i] = v
    end
    return "no end"
  end
  local ends = {
    try(function()
      local ch = tri.channel(1)
      ch:send(text)
      return ch
    end),
    try(function()
      local g = tri.spawn(function(n) return ("x"):rep(n) end, 1e5)
      assert(g:join())
      return g
    end),
  }
  return table.concat(ends, ", ")
end):join(50))   --> true not enough memory, not enough memory
-- What is garbage is collected first.
print(tri.spawn({ memory = "4M" }, function()
  local tri = require "trilune"
  local text = ("x"):rep(1e5)
  for i = 1, 1000 do tri.channel(1):send(text) end
  return "sent"
end):join(50))   --> true sent
-- Garbage is collected first also for values that are more work.
print(tri.spawn({ memory = "4M" }, function()
  local tri = require "trilune"
  local text = ("x"):rep(3e5)
  for i = 1, 200 do tri.channel(1):send(setmetatable({ text }, {})) end
  return "sent"
end):join(50))   --> true sent
-- Copies that are being read count while a constructor waits.
local entry = setmetatable({}, { __transfer = function()
  return function() require("trilune").sleep(60) end
end })
local entries = require("trilune.dict").open("entries", { size = "64M" })
assert(entries:set("key", { entry, ("x"):rep(1e6) }))
print(tri.spawn({ memory = "4M" }, function(d)
  local tri = require "trilune"
  local function count(f)
    local gs = {}
    for i = 1, 10 do gs[i] = tri.go(pcall, f) end
    tri.yield()
    local refused = 0
    for _, g in ipairs(gs) do
      if g:status() == "dead" then
        local _, _, e = g:join()
        refused = refused + (e:match("not enough memory") and 1 or 0)
      end
      g:cancel()
    end
    tri.yield()
    return refused
  end
  return count(function() return d:get("key") end) >= 6
end, entries):join(50))   --> true true
-- A new dictionary counts as if it were full.
print(tri.spawn({ memory = "4M" }, function()
  local dict = require "trilune.dict"
  local made = 0
  while pcall(dict.open, "made " .. made, { size = "1M" }) do made = made + 1 end
  return made < 4, select(2, pcall(dict.open, "default"))
end):join())     --> true true not enough memory
print(require("trilune.dict").open("default") ~= nil)   --> true
