-- wait gives a value at once if there is one, else the next one that is written, whoever writes it, to all who wait.
package.path = "../lib/?.lua;" .. package.path
local tri, d = require "trilune", require "trilune.dict".open("d")
local parked = require "parked"
local function waiting(...)
  local args = table.pack(...)
  return parked(tri.go(function() return (d:wait(table.unpack(args, 1, args.n))) end))
end
d:set("k", "there")
print((d:wait("k")))                      --> there
print(d:wait("none", 0))                  --> nil timeout
print(d:wait("none", 0.001))              --> nil timeout
local a, b = waiting("new"), waiting("new", 10)
d:set("other", 1)
print(a:status())                         --> waiting
d:set("new", ("long"):rep(1000))
d:delete("new")                           -- they have got it all the same
print(#select(2, a:join()), #select(2, b:join()))   --> 4000 4000
for i, write in ipairs {
  function(k) d:add(k, 1) end, function(k) d:incr(k, 1, 1) end, function(k) d:cas(k, nil, 3) end,
  function(k) d:casv(k, 0, 4) end, function(k) d:safe_set(k, 5) end,
} do
  local g = waiting("key" .. i)
  write("key" .. i)
  print(g:join())
end
--> true 1
--> true 2
--> true 3
--> true 4
--> true 5
local g = parked(tri.go(function() return d:wait("list") end))
d:rpush("list", 1)
print(g:join())                           --> true nil value is a list
print(d:wait("list"))                     --> nil value is a list
