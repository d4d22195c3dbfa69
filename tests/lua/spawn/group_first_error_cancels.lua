-- In a group, the first error cancels the other programs, and is raised by the group.
local tri = require "trilune"
local ready = tri.channel()
local other, bystander
local ok, e = pcall(tri.group, function(group)
  other = group:spawn(function(ready) ready:send(1) require("trilune").sleep(1000) end, ready)
  bystander = group:spawn(function() while true do end end)
  ready:recv()
  group:spawn({ name = "bad" }, function() error({ code = 3 }) end)
end)
print(ok, e.code)            --> false 3
print(other:join())            --> false cancelled
print(bystander:join())        --> false cancelled
