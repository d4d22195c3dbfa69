--! stderr error in goroutine \d+ \(isolate '[^']+'\): globals_of_the_maker.lua:\d+: attempt to call a nil value \(global 'unseen'\) \(global 'unseen' is not defined in this isolate; pass it as an argument\)
-- A global of the maker's is nil in a spawned function: the error says what to
-- do, where it goes up to a join, a group, par.map or a report.
local tri = require "trilune"
local par = require "trilune.parallel"
config, helper, unseen = { port = 1 }, function(v) return v end, print
local function last(ok, m) print(ok, (m:gsub("\n.*", ""))) end
last(tri.spawn(function() return config.port end):join())
--> false globals_of_the_maker.lua:8: attempt to index a nil value (global 'config') (global 'config' is not defined in this isolate; pass it as an argument)
last(pcall(par.map, function(v) return helper(v) end, { 1, 2 }))
--> false globals_of_the_maker.lua:10: attempt to call a nil value (global 'helper') (global 'helper' is not defined in this isolate; pass it as an argument)
last(pcall(tri.group, function(group) group:spawn(function() config.x = 1 end) end))
--> false globals_of_the_maker.lua:12: attempt to index a nil value (global 'config') (global 'config' is not defined in this isolate; pass it as an argument)
last(tri.spawn(function() return config + 1 end):join())
--> false globals_of_the_maker.lua:14: attempt to perform arithmetic on a nil value (global 'config') (global 'config' is not defined in this isolate; pass it as an argument)

-- Other errors are as they were: one of another kind, a local, a field, an object.
last(tri.spawn(function() local config config.x = 1 end):join())
--> false globals_of_the_maker.lua:18: attempt to index a nil value (local 'config')
last(tri.spawn(function() error("a nil value (global 'x') is bad", 0) end):join())
--> false a nil value (global 'x') is bad
last(tri.spawn(function() config = {} config.a.b = 1 end):join())
--> false globals_of_the_maker.lua:22: attempt to index a nil value (field 'a')
local _, object = tri.spawn(function() error({ "object" }) end):join()
print(object[1])                             --> object
last(tri.go(function() nothing.x = 1 end):join())
--> false globals_of_the_maker.lua:26: attempt to index a nil value (global 'nothing')
print(tri.spawn(function(c) return c.port end, config):join())   --> true 1
do
  local p = tri.spawn(function() unseen() end)
  while p:status() ~= "dead" do tri.sleep(0.001) end
end
