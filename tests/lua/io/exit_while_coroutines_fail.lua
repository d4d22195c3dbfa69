-- Finalizers at the end, in which coroutines fail and files are used, while a G
-- was inside a function of io.
--> printed
local tri = require "trilune"
local last = setmetatable({}, {__gc = function()
  print((coroutine.resume(coroutine.create(error)))) --> false
  print((coroutine.resume(coroutine.create(function() io.write("x", {}) end)))) --> xfalse
end})
local p = io.popen("sleep 1")
tri.go(p.read, p)
tri.go(print, "printed")
tri.yield()
os.exit(0, true)
