-- A G that ends locked, however it ends, takes the thread with it: no later G runs there.
package.path = "../lib/?.lua;" .. package.path
local tri = require "trilune"
local thread = require "thread"
local dead, reused = {}, 0
for i = 1, 60 do
  local marked = false
  local g = tri.go(function()
    local id = thread.id()
    if dead[id] then reused = reused + 1 end
    tri.lockthread()
    dead[thread.id()] = true
    marked = true
    if i % 3 == 0 then error("on purpose") end
    if i % 3 == 1 then tri.sleep(100) end
  end)
  tri.yield()
  if i % 3 == 1 then
    -- In a function of io it waits, too.
    while not marked or g:status() ~= "waiting" do tri.yield() end
    g:cancel()
  end
  local ok, e = g:join()
  local expected = i % 3 == 0 and "on purpose" or i % 3 == 1 and "cancelled" or "true"
  if not tostring(ok and ok or e):find(expected) then print(i, ok, e) end
end
print(reused)   --> 0
local n = 0
for _ in pairs(dead) do n = n + 1 end
print(n)        --> 60
-- Those threads are gone, if not in this moment.
local until_then = tri.now() + 30
while thread.count() > tri.procs() + 10 and tri.now() < until_then do tri.sleep(0.001) end
print(thread.count() <= tri.procs() + 10)   --> true
