-- Waiting works where Lua cannot yield: in comparators, metamethods, generators, and in many Gs at a time.
local tri, d = require "trilune", require "trilune.dict".open("d")
local t = setmetatable({}, { __index = function(_, k) return (d:wait(k)) end })
local g = tri.go(function()
  local list = { 3, 1, 2 }
  table.sort(list, function(a, b) d:wait("go") return a < b end)
  local gen = coroutine.wrap(function() coroutine.yield(d:blpop("l")) end)
  return table.concat(list, ","), t.x, gen()
end)
tri.yield()
d:set("go", true) tri.yield() d:set("x", 5) tri.yield() d:rpush("l", "end")
print(g:join())                         --> true 1,2,3 5 end
local gs, N = {}, 2000
for i = 1, N do gs[i] = tri.go(function() return d:blpop("q") + d:wait("w" .. i % 10) end) end
tri.yield()
for i = 1, N do d:rpush("q", i) end
for i = 0, 9 do d:set("w" .. i, 0) end
local sum = 0
for i = 1, N do sum = sum + select(2, gs[i]:join()) end
print(sum, d:llen("q"))                 --> 2001000 0
