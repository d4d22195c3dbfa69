-- A wait works below 120 nested C calls and below deep Lua recursion.
local tri = require "trilune"
local function through_c(n)
  if n == 0 then tri.yield() return "bottom" end
  return (string.gsub("x", "x", function() return through_c(n - 1) end))
end
local function through_lua(n)
  if n == 0 then tri.yield() return 0 end
  return 1 + through_lua(n - 1)
end
local others = {}
for i = 1, 20 do others[i] = tri.go(through_c, 120) end
print(through_c(120), through_lua(50000))                     --> bottom 50000
print(tri.go(through_c, 120):join())                          --> true bottom
print(tri.go(through_lua, 50000):join())                      --> true 50000
for _, g in ipairs(others) do assert(select(2, g:join()) == "bottom") end
