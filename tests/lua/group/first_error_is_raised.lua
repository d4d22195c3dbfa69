-- Of several errors the first one is raised; those of cancelled Gs are only reported.
local tri = require "trilune"
local gate = tri.chan()
local ok, e = pcall(tri.group, function(group)
  group:go(function()
    local _, m = pcall(tri.sleep, 1000)
    error("later: " .. tostring(m), 0)
  end)
  group:go(function() gate:recv() error("first", 0) end)
  group:go(function() pcall(tri.sleep, 1000) error("later too", 0) end)
  group:go(gate.send, gate, "go")
end)
print(ok, e)   --> false first
--! stderr later too
