-- The program ends while isolates start, run, wait and are handed out: no report, no hang.
--! repeat 5
local tri = require "trilune"
local ch = tri.channel(3)
for i = 1, 40 do
  tri.spawn(function(ch) while true do ch:send(require("trilune").spawn(function() end)) end end, ch)
end
ch:recv()
