-- An error that nobody joined is reported with id, isolate and traceback.
--! stderr ^trilune: error in goroutine \d+ \(isolate 'worker'\): unseen_error.lua:7: boom$
--! stderr ^stack traceback:$
--! stderr unseen_error.lua:7: in
local tri = require "trilune"
local ch = tri.channel()
tri.spawn({ name = "worker" }, function(ch) ch:send(1) error("boom") end, ch)
ch:recv()
for i = 1, 3 do collectgarbage() tri.sleep(0.01) end
print("goes on")   --> goes on
