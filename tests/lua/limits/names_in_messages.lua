-- A message that finds no room is written after a collection, whose finalizers may
-- send, too, and have the modules looked at anew: at any place of it, also in a name.
local tri = require "trilune"
print(tri.spawn({ memory = "2M" }, function()
  local tri = require "trilune"
  package.loaded[("long"):rep(50000)] = {}           -- its names take a while to copy
  local module = {}
  package.loaded["a.module"] = module
  package.preload["another"] = function() return {} end
  require "another"
  local unknown = io.tmpfile()
  local rounds, refused = 0, 0
  local ballast = {}
  for i = 1, 7 do ballast[i] = ("b"):rep(1e5 + i) end
  for n = 1000, 60000, 97 do
    local ch, other = tri.channel(4), tri.channel(1)
    -- Garbage that holds memory outside of the heap, and sends as it goes.
    for i = 1, 3 do
      local full = tri.channel(1)
      if pcall(full.send, full, ("g"):rep(n + 1e5 + i)) then
        setmetatable({}, { __gc = function() pcall(other.trysend, other, { unknown, full }) end })
      end
    end
    local text = ("x"):rep(n)
    local ok, e = pcall(ch.send, ch, { text, module, string.rep, module, math.random })
    if ok then
      local got = ch:recv()
      assert(got[1] == text and got[2] == module and got[3] == string.rep and got[4] == module)
      assert(got[5] == math.random)
      rounds = rounds + 1
    else
      assert(e:match "not enough memory", e)
      refused = refused + 1
    end
  end
  return rounds > 0
end):join(60))   --> true true
