-- A finalizer that computes for several slices is not stopped, and one that waits raises.
--! options --procs 1 --slice 100us
--! options -W
--! stderr ^lua_close$|cannot block in a finalizer
local tri = require "trilune"
local others, inside, torn, ended = 0, false, 0, 0
local stop = false
local other = tri.go(function()
  while not stop do
    others = others + 1
    if inside then torn = torn + 1 end
  end
end)
for _ = 1, 20 do
  setmetatable({}, { __gc = function()
    inside = true
    for i = 1, 1e5 do end
    ended = ended + 1
    inside = false
  end })
  collectgarbage()
end
setmetatable({}, { __gc = function() tri.sleep(0.001) end })
collectgarbage()
tri.sleep(0.001)
stop = true
print(other:join())                            --> true
print(ended, torn, others > 0)                 --> 20 0 true
