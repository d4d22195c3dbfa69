-- An error of a G ends a wait in the group's function; the caller itself is not cancelled by it.
local tri = require "trilune"
local inside
local ok, e = pcall(tri.group, function(group)
  group:go(function() tri.yield() error("in a G", 0) end)
  inside = pcall(tri.chan().recv, tri.chan())
  tri.chan():recv()
end)
print(ok, e, inside)        --> false in a G false
tri.sleep(0.001)
local ch = tri.chan(1)
ch:send("waits go on")
print(ch:recv())            --> waits go on true
