-- An error that somebody joined, or of a cancelled program, or of one that the program's end stops, is not reported.
local tri = require "trilune"
tri.spawn(error, "joined"):join()
print(pcall(tri.group, function(group) group:spawn(error, "in a group") end))   --> false in a group
local ready = tri.channel()
local function program(ready) ready:send(1) require("trilune").sleep(1000) end
tri.spawn(program, ready):cancel()
local g = tri.spawn(program, ready)
ready:recv()
g:cancel()
for i = 1, 3 do tri.spawn(program, ready) end
tri.spawn(function(ready) ready:send(1) while true do end end, ready)
for i = 1, 4 do ready:recv() end
print("end")   --> end
