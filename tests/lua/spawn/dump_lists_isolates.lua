-- SIGQUIT shows what the Gs of spawned isolates do, and the program goes on.
--! stderr ^SIGQUIT: isolate main:$
--! stderr ^isolate worker:$
--! stderr ^goroutine \d+ \[chan recv, \d+ ms\]:$
--! stderr dump_lists_isolates.lua:10: in
local tri = require "trilune"
local ready, gate = tri.channel(), tri.channel()
local g = tri.spawn({ name = "worker" }, function(ready, gate)
  ready:send(1)
  gate:recv()
  return "end"
end, ready, gate)
ready:recv()
while g:status() ~= "waiting" do tri.yield() end
local file = io.open("/proc/self/stat")
local pid = file:read("n")
file:close()
io.popen("kill -QUIT " .. pid):close()
tri.sleep(0.3)   -- the dump is written by another thread
gate:send(1)
print(g:join())   --> true end
