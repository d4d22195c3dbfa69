-- A finalizer may start Gs and use what never waits: trysend, tryrecv, close, unlock, cancel.
local tri = require "trilune"
local sync = require "trilune.sync"
local ch, m = tri.chan(4), sync.mutex()
m:lock()
setmetatable({}, { __gc = function()
  print("trysend", ch:trysend("from a finalizer"))
  m:unlock()
  tri.go(function() ch:send("from a G that it made") end)
end })
collectgarbage()
--> trysend true
print(ch:recv())           --> from a finalizer true
print(ch:recv())           --> from a G that it made true
print(m:trylock())         --> true
