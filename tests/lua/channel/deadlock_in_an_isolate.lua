-- An isolate that waits on a channel that nobody else holds any more is told of the deadlock.
local tri = require "trilune"
local isolate = tri.spawn(function() require("trilune").channel():recv() end)
local ok, message = isolate:join()
print(ok, message:match("all goroutines are asleep %- deadlock!"))   --> false all goroutines are asleep - deadlock!
isolate = tri.spawn(function(ch) ch:recv() end, tri.channel())
collectgarbage() collectgarbage()
ok, message = isolate:join()
print(ok, message:match("all goroutines are asleep %- deadlock!"))   --> false all goroutines are asleep - deadlock!
