-- timeout gives true and the function's results, or raises its error unchanged.
local tri = require "trilune"
print(tri.timeout(60, function(...) return select("#", ...), ... end, 1, nil, "c", nil))
--> true 4 1 nil c nil
print(tri.timeout(60, function() end))           --> true
print(tri.timeout(math.huge, function() tri.sleep(0) return "slept" end))  --> true slept
print(tri.timeout(60, setmetatable({}, { __call = function(_, a) return a end }), 5))   --> true 5
local ch = tri.chan(1)
ch:send("sent")
print(tri.timeout(60, ch.recv, ch))              --> true sent true
print(tri.timeout(60, function() return false, "false" end))   --> true false false

local object = {}
print(select(2, pcall(tri.timeout, 60, function() error(object) end)) == object)  --> true
print(pcall(tri.timeout, 60, function() error("plain", 0) end))    --> false plain
print(pcall(tri.timeout, 60, function() error() end))              --> false nil
-- "cancelled" is an error like any other while there is time.
print(pcall(tri.timeout, 60, function() error("cancelled", 0) end)) --> false cancelled

-- It is the calling goroutine in which the function runs.
local me = tri.self()
print(tri.timeout(60, function() return tri.self() == me end))     --> true true

for _, args in ipairs{ {}, { "x" }, { -1, print }, { 0 / 0, print }, { 1 }, { 1, 2 }, { true, print } } do
  print((select(2, pcall(tri.timeout, table.unpack(args)))):match("%((.-)[;)]"))
end
--> number expected, got no value
--> number expected, got string
--> time is negative
--> time is not a number
--> function expected, got no value
--> function expected, got number
--> number expected, got boolean
