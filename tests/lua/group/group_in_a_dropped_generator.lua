-- A generator with a group in it is collected: the group's members are cancelled, and nobody else is, whatever the
-- members do then.
local tri = require "trilune"
local ended, gate = tri.chan(10), tri.chan()
local members = {}

local function make(body)
  local co = coroutine.create(function() tri.group(body) end)
  assert(coroutine.resume(co))
end
-- The function waits for its generator to be resumed: never.
make(function(group)
  members[1] = group:go(function()
    local _ <close> = setmetatable({}, {__close = function() ended:send("the member's handler") end})
    tri.sleep(1000)
  end)
  members[2] = group:go(tri.sleep, 1000)
  coroutine.yield()
end)
tri.yield()
collectgarbage()
print(members[1]:join())   --> false cancelled
print(members[2]:join())   --> false cancelled
print(ended:recv())        --> the member's handler true

-- One that has been interrupted, as a member failed, before it is dropped.
make(function(group)
  group:go(function() gate:recv() error("member", 0) end)
  coroutine.yield()
end)
gate:close()
tri.yield()
collectgarbage()

-- Whoever gets the address of its state, nobody is interrupted.
local others = {}
for i = 1, 50 do
  others[i] = tri.go(function()
    return coroutine.wrap(function() tri.yield() return pcall(tri.yield) end)()
  end)
end
local fine = 0
for _, g in ipairs(others) do if select(2, g:join()) then fine = fine + 1 end end
print(fine)                       --> 50
print(pcall(tri.yield))           --> true
--! stderr trilune: error in goroutine \d+: member
