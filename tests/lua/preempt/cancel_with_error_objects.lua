-- The reason that is raised in code that computes may be any object, the same each time.
--! options --slice 1ms
local tri = require "trilune"
local reason = setmetatable({}, { __tostring = function() return "reason" end })
local seen = {}
local g = tri.go(function()
  for i = 1, 3 do
    local ok, e = pcall(function() while true do end end)
    seen[i] = not ok and e == reason
  end
  while true do end
end)
tri.sleep(0.005)
g:cancel(reason)
local ok, e = g:join()
print(ok, e == reason, seen[1], seen[2], seen[3])   --> false true true true true
