-- The first error ends the call and arrives as it was raised. Nobody goes on.
local par = require "trilune.parallel"
local tri = require "trilune"

print(pcall(par.map, function(v) if v == 3 then error("number " .. v, 0) end end, {1, 2, 3, 4}))
--> false number 3
local ok, err = pcall(par.foreach, function(v)
  if v == 50 then error({code = v, more = {1, 2}}) end
end, par.range(1, 100))
print(ok, type(err), err.code, #err.more)  --> false table 50 2
print(select(2, pcall(par.map, function(v) return v.field.other end, {{}})))
--> errors.lua:11: attempt to index a nil value (field 'field')

-- The others are cancelled and have ended when the error comes.
local steps = tri.channel(100000)
print(pcall(par.foreach, function(v)
  if v == 1 then
    while #steps < 10 do tri.yield() end
    error("first", 0)
  end
  while true do
    steps:trysend(v)
    tri.yield()
  end
end, {1, 2, 3}, {workers = 3, chunk = 1}))  --> false first
local n = #steps
for _ = 1, 100 do tri.yield() end
tri.spawn(function() end):join()
print(#steps == n)  --> true

-- What cannot be sent, there or back.
local function try(...) print(select(2, pcall(...)):match "cannot.*") end
local thread = coroutine.create(print)
try(par.map, function(v) return v end, {1, thread}, {chunk = 2})
--> cannot send a thread (at list[2])
try(par.map, function(v) return v end, {1, 2, 3, 4, {x = thread}}, {chunk = 2})
--> cannot send a thread (at list[5].x)
try(par.map, function(v) return v == 5 and coroutine.create(print) end, {1, 2, 3, 4, 5}, {chunk = 2})
--> cannot send a thread (at the result for list[5])
