-- A coroutine that fails inside tri.atomic leaves it, whether it is closed later, within another call, or never.
local tri = require "trilune"
local function fail() tri.atomic(function() tri.atomic(error, "oops", 0) end) end
local failed = coroutine.create(fail)
print(coroutine.resume(failed))        --> false oops
print(pcall(tri.sleep, 0))             --> true
-- Inside a call it is that one which goes on, also as the coroutine is closed.
tri.atomic(function()
  local co = coroutine.create(fail)
  print(coroutine.resume(co))          --> false oops
  print(pcall(tri.sleep, 0))           --> false cannot wait inside trilune.atomic
  print(coroutine.close(co))           --> false oops
  print(pcall(tri.sleep, 0))           --> false cannot wait inside trilune.atomic
  print(coroutine.close(failed))       --> false oops
  print(pcall(tri.sleep, 0))           --> false cannot wait inside trilune.atomic
  print(pcall(coroutine.wrap(fail)))   --> false oops
  print(pcall(tri.sleep, 0))           --> false cannot wait inside trilune.atomic
end)
print(pcall(tri.sleep, 0))             --> true
-- Its __close handlers, which run then, may wait.
local co = coroutine.create(function()
  local x <close> = setmetatable({}, { __close = function() print(pcall(tri.sleep, 0)) end })
  fail()
end)
print(coroutine.resume(co))            --> false oops
coroutine.close(co)                    --> true
-- The end of a G that failed in it is no different.
print((select(2, tri.go(fail):join())))  --> oops
print(pcall(tri.sleep, 0))             --> true
