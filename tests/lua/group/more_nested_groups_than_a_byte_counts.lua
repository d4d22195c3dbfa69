-- 300 groups whose functions run in one G, each in the one before, all fail: the innermost wait raises, and after the
-- outermost none does. Waits without a stack let calls nest deeper than Lua's limit.
local tri = require "trilune"
local never, fail = tri.chan(), tri.chan()
-- So many wait with a stack already that the others wait without.
for _ = 1, 600 do tri.go(function() never:recv() end) end
tri.yield()

local raised
local function nest(depth)
  if depth == 0 then
    fail:close()
    for _ = 1, 3 do pcall(tri.yield) end
    raised = not pcall(tri.yield)
    return
  end
  tri.group(function(group)
    group:go(function() fail:recv() error("member", 0) end)
    tri.yield()
    nest(depth - 1)
  end)
end
local g = tri.go(function()
  local ok, why = pcall(nest, 300)
  return ok, why, pcall(tri.yield)
end)
local _, ok, why, fine = g:join()
print(raised, ok, why, fine)   --> true false member true
--! stderr-any
