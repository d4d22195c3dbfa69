-- Errors of a group but the one that is raised are reported, if nobody reads them; those that repeat it are none.
local tri = require "trilune"
local gate = tri.chan()
local function fail_together(group)
  group:go(function() gate:recv() error("first", 0) end)
  group:go(function() pcall(tri.sleep, 1000) error("second", 0) end)
  group:go(function()
    local ok, err = pcall(tri.sleep, 1000)
    error("cancelled as well: " .. tostring(err), 0)   -- ends with the reason: no error of its own
  end)
  tri.yield()
  gate:close()
  group:go(error, "first", 0)
end
print(pcall(tri.group, fail_together))   --> false first
collectgarbage()

-- Read by the join of a member.
local kept
pcall(tri.group, function(group)
  kept = group:go(function() pcall(tri.sleep, 1000) error("read by a join", 0) end)
  tri.yield()
  group:go(error, "raised", 0)
  tri.yield()
end)
print(table.unpack({kept:join()}, 1, 2))   --> false read by a join
kept = nil
collectgarbage()
tri.sleep(0)
--! stderr ^trilune: error in goroutine \d+: second\nstack traceback:\n(?!.*error in)(?s:.*)$
