-- In a G, endless recursion through C raises "C stack overflow" as in a main script, and waits go on working.
local tri = require "trilune"
local function gsub() tri.yield() return (string.gsub("a", "a", gsub)) end
local function sort() table.sort({ 2, 1 }, sort) end
local function wrap() tri.yield() return coroutine.wrap(wrap)() end
local function resume() return select(2, coroutine.resume(coroutine.create(resume))) end
for _, f in ipairs { gsub, sort, wrap } do
  local g = tri.go(function() return pcall(f) end)
  local _, ok, m = g:join()
  print(ok, m:match("C stack overflow"))      --> false C stack overflow
--> false C stack overflow
--> false C stack overflow
end
print(tri.go(resume):join())                  --> true C stack overflow
local ok, m = pcall(gsub)
print(ok, m:match("C stack overflow"))        --> false C stack overflow
