-- The handle of a file is collected before the coroutine that failed with it is
-- closed: that finds nothing to give back.
local closed
do
  local x = setmetatable({}, {__gc = function(x) closed = coroutine.close(x.co) end})
  local f = io.popen("echo one")
  x.co = coroutine.create(function() f:read("l", "bad") end)
  print((coroutine.resume(x.co))) --> false
end
collectgarbage()
collectgarbage()
print(closed) --> false
