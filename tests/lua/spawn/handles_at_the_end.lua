-- A finalizer at the isolate's end makes no handle: nobody would finalize that.
local tri = require "trilune"
local ch = tri.channel(10)
print(tri.spawn(function(ch)
  local tri = require "trilune"
  kept = setmetatable({}, { __gc = function()
    ch:trysend(tostring(select(2, pcall(tri.channel))))
    ch:trysend(tostring(select(2, pcall(tri.spawn, print, "never"))))
  end })
end, ch):join())   --> true
print((ch:recv()))   --> cannot make a channel: the isolate is closing
print((ch:recv()))   --> cannot spawn: the isolate is closing
