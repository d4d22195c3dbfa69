-- The thread of another G is "normal": it can be neither resumed nor closed; dead once the G has ended.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local parked = require "parked"
for _, wait in ipairs {
  function() tri.chan():recv(1000) end,
  function() table.sort({ 2, 1 }, function() tri.chan():recv(1000) end) end,
} do
  local thread
  local g = parked(tri.go(function()
    thread = coroutine.running()
    wait()
  end))
  print(coroutine.status(thread), coroutine.isyieldable(thread))
  print(coroutine.resume(thread))
  print(pcall(coroutine.close, thread))
  print(select(2, coroutine.wrap(pcall)(coroutine.close, thread)))
  g:cancel()
  g:join()
  print(coroutine.status(thread))
  print(coroutine.resume(thread))
end
--> normal false
--> false cannot resume non-suspended coroutine
--> false cannot close a normal coroutine
--> cannot close a normal coroutine
--> dead
--> false cannot resume dead coroutine
--> normal false
--> false cannot resume non-suspended coroutine
--> false cannot close a normal coroutine
--> cannot close a normal coroutine
--> dead
--> false cannot resume dead coroutine
