-- A G that ends locked, however it ends, takes the thread with it: no later G runs there.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local thread = require "thread"
local dead, reused = {}, 0
for i = 1, 60 do
  local g = tri.go(function()
    local id = thread.id()
    if dead[id] then reused = reused + 1 end
    tri.lockthread()
    dead[thread.id()] = true
    if i % 3 == 0 then error("on purpose") end
    if i % 3 == 1 then tri.sleep(100) end
  end)
  tri.yield()
  if i % 3 == 1 then
    while g:status() ~= "waiting" do tri.yield() end
    g:cancel()
  end
  g:join()
end
print(reused)   --> 0
local n = 0
for _ in pairs(dead) do n = n + 1 end
print(n)        --> 60
-- Those threads are gone, if not in this moment.
local until_then = tri.now() + 30
while thread.count() > tri.procs() + 10 and tri.now() < until_then do tri.sleep(0.001) end
print(thread.count() <= tri.procs() + 10)   --> true
