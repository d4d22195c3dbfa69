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
-- A new dictionary counts as if it were full.
print(tri.spawn({ memory = "4M" }, function()
  local dict = require "trilune.dict"
  local made = 0
  while pcall(dict.open, "made " .. made, { size = "1M" }) do made = made + 1 end
  return made < 4, select(2, pcall(dict.open, "default"))
end):join())     --> true true not enough memory
print(require("trilune.dict").open("default") ~= nil)   --> true
