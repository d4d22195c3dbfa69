-- While a locked G computes without an end in sight, others of its script get their turns.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local thread = require "thread"
local turns, stop = 0, false
local g = tri.go(function()
  while not stop do turns = turns + 1 tri.yield() end
end)
tri.lockthread()
local id, moved = thread.id(), 0
for _ = 1, 5 do
  local before = turns
  while turns == before do for _ = 1, 1000 do end end
  if thread.id() ~= id then moved = moved + 1 end
end
tri.unlockthread()
stop = true
g:join()
print(moved)   --> 0
